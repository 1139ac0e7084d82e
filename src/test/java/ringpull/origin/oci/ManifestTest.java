package ringpull.origin.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ContentKind;
import ringpull.origin.Origin;
import ringpull.origin.OriginContract;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

class ManifestTest extends HostileFixture {
    private static final String NAME = "registry.test";
    private static final String TYPED = "Content-Type: " + TYPE + "; charset=utf-8";

    private static void sendHead(OutputStream out, String... headers) throws IOException {
        HostileServer.head(out, 200, headers);
        out.write("\r\n".getBytes(UTF_8));
    }

    private Origin.TagAnswer resolve(HostileServer.Handler handler) throws Exception {
        return origin(registry(NAME, plain(handler).url())).resolve(repository(NAME), "v1");
    }

    @Test
    void oneHeadResolvesATagAndAcceptsEveryKindOfManifest() throws Exception {
        HostileServer server = plain(HostileFixture::sendManifest);
        assertThat(origin(registry(NAME, server.url())).resolve(repository(NAME), "v1"))
                .isEqualTo(new Origin.TagAnswer(MANIFEST_DIGEST, TYPE, MANIFEST.length));
        assertThat(server.requests()).hasSize(1);
        HostileServer.Request request = server.requests().getFirst();
        assertThat(request.method()).isEqualTo("HEAD");
        assertThat(request.target()).isEqualTo("/v2/team/image/manifests/v1");
        assertThat(request.header("accept-encoding")).contains("identity");
        assertThat(request.header("accept").orElseThrow())
                .contains(
                        "application/vnd.docker.distribution.manifest.v2+json",
                        "application/vnd.docker.distribution.manifest.list.v2+json",
                        "application/vnd.oci.image.manifest.v1+json",
                        "application/vnd.oci.image.index.v1+json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"no digest", "no length", "no type", "405"})
    void aHeadThatSaysTooLittleIsFollowedByAGet(String lacks) throws Exception {
        HostileServer.Handler handler = (request, out) -> {
            if (request.method().equals("GET")) {
                HostileServer.send(out, 200, MANIFEST, TYPED);
                return;
            }
            String digest = "Docker-Content-Digest: " + MANIFEST_DIGEST;
            switch (lacks) {
                case "no digest" -> sendHead(out, TYPED, "Content-Length: 19");
                case "no length" -> sendHead(out, TYPED, digest);
                case "no type" -> sendHead(out, digest, "Content-Length: 19");
                default -> HostileServer.send(out, 405);
            }
        };
        assertThat(resolve(handler)).isEqualTo(new Origin.TagAnswer(MANIFEST_DIGEST, TYPE, MANIFEST.length));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Docker-Content-Digest: sha512:abc",
                "Docker-Content-Digest: sha256:ABC",
                "Content-Length: five",
                "Content-Length: 4194305",
                "Content-Type: nonsense"
            })
    void aBadHeadIsMalformed(String bad) {
        assertThatThrownBy(() -> resolve((request, out) -> sendHead(out, bad)))
                .isInstanceOf(OriginException.Malformed.class);
    }

    @Test
    void aManifestThatIsNotItsDigestIsMalformed() {
        assertThatThrownBy(() -> resolve((request, out) -> {
                    if (request.method().equals("HEAD")) {
                        HostileServer.send(out, 405);
                    } else {
                        HostileServer.send(out, 200, MANIFEST, TYPED, "Docker-Content-Digest: " + DIGEST);
                    }
                }))
                .isInstanceOf(OriginException.Malformed.class)
                .hasMessageContaining("Docker-Content-Digest");
    }

    @Test
    void aManifestWithoutLengthIsReadWhole() throws Exception {
        HostileServer server = plain((request, out) -> {
            HostileServer.head(out, 200, TYPED, "");
            out.write(MANIFEST);
        });
        try (OriginStream stream =
                origin(registry(NAME, server.url())).open(repository(NAME), ContentKind.MANIFEST, MANIFEST_DIGEST, 0)) {
            assertThat(stream.sizeBytes()).isEqualTo(MANIFEST.length);
            assertThat(stream.mediaType()).isEqualTo(TYPE);
            assertThat(OriginContract.readAll(stream)).isEqualTo(MANIFEST);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Content-Length: 99999999999\r\n", "Transfer-Encoding: chunked\r\n"})
    void anEndlessManifestIsCutOff(String framing) throws Exception {
        HostileServer server = plain((request, out) -> {
            HostileServer.head(out, 200, TYPED);
            out.write((framing + "\r\n").getBytes(UTF_8));
            byte[] piece = "4\r\n1234\r\n".repeat(1000).getBytes(UTF_8);
            while (true) {
                out.write(piece);
            }
        });
        Origin origin = origin(registry(NAME, server.url()));
        assertThatThrownBy(() -> origin.open(repository(NAME), ContentKind.MANIFEST, MANIFEST_DIGEST, 0))
                .isInstanceOf(OriginException.Malformed.class)
                .hasMessageContaining("4194304");
    }

    @Test
    void aManifestThatBreaksOffIsTriedAgain() throws Exception {
        HostileServer server = plain((request, out) -> {
            if (pauses.isEmpty()) {
                HostileServer.head(out, 200, TYPED, "Content-Length: " + MANIFEST.length, "");
                out.write(MANIFEST, 0, 5);
            } else {
                sendManifest(request, out);
            }
        });
        try (OriginStream stream =
                origin(registry(NAME, server.url())).open(repository(NAME), ContentKind.MANIFEST, MANIFEST_DIGEST, 0)) {
            assertThat(OriginContract.readAll(stream)).isEqualTo(MANIFEST);
        }
        assertThat(server.requests()).hasSize(2);
    }
}
