package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.BindException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ContentKind;
import ringpull.blob.Repository;
import ringpull.config.Config;
import ringpull.fetch.BlobRequest;
import ringpull.fetch.Tags;
import ringpull.metrics.Meters;

/** What the registry API answers: names, headers, errors. */
class MirrorApiTest {
    private static final String LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip";

    private final Content layer = Content.random(1, 3_000_000);
    private final Content manifest = Content.manifest(",\"config\":{},\"layers\":[]");
    private final String blobPath = "/v2/team/image/blobs/" + layer.digest();
    private final String manifestPath = "/v2/team/image/manifests/" + manifest.digest();

    @TempDir
    Path directory;

    private TestMirror mirror;

    @BeforeEach
    void start() throws IOException {
        mirror = new TestMirror(directory);
        mirror.blobs.complete(directory, layer, LAYER_TYPE);
        mirror.blobs.complete(directory, manifest, Content.OCI_MANIFEST);
        mirror.tags.put("reg.test/team/image:v1", manifest, Content.OCI_MANIFEST);
    }

    @AfterEach
    void stop() {
        mirror.close();
        assertThat(mirror.blobs.allFilesClosed()).as("every file is closed").isTrue();
    }

    private static String header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    @Test
    void row1ServesTagHeadWithDigestLengthAndExactContentType() throws Exception {
        HttpResponse<byte[]> head = mirror.head("/v2/team/image/manifests/v1?ns=reg.test");

        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(header(head, "Docker-Content-Digest"))
                .isEqualTo(manifest.digest().toString());
        assertThat(header(head, "Content-Length")).isEqualTo("" + manifest.bytes().length);
        assertThat(header(head, "Content-Type")).isEqualTo(Content.OCI_MANIFEST);
        assertThat(mirror.blobs.requests()).as("the origin's answer is enough").isEmpty();
    }

    @Test
    void tagGetDeliversTheManifest() throws Exception {
        HttpResponse<byte[]> get = mirror.get("/v2/team/image/manifests/v1?ns=reg.test");

        assertThat(get.statusCode()).isEqualTo(200);
        assertThat(get.body()).isEqualTo(manifest.bytes());
        assertThat(header(get, "Content-Type")).isEqualTo(Content.OCI_MANIFEST);
        assertThat(mirror.blobs.requests())
                .containsExactly(new BlobRequest(
                        manifest.digest(),
                        ContentKind.MANIFEST,
                        Optional.of(new Repository("reg.test", "team/image"))));
    }

    @Test
    void row2ServesManifestsByDigestByteExact() throws Exception {
        HttpResponse<byte[]> get = mirror.get(manifestPath + "?ns=reg.test");
        HttpResponse<byte[]> head = mirror.head(manifestPath + "?ns=reg.test");

        assertThat(Content.of(get.body()).digest()).isEqualTo(manifest.digest());
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.headers().map()).isEqualTo(get.headers().map());
        assertThat(header(head, "Content-Type")).isEqualTo(Content.OCI_MANIFEST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "application/octet-stream", "application/json"})
    void row2TakesAManifestsTypeFromItsBytesWhereNobodySaidIt(String stated) throws Exception {
        mirror.blobs.complete(directory, manifest, stated);

        assertThat(header(mirror.get(manifestPath), "Content-Type")).isEqualTo(Content.OCI_MANIFEST);
        assertThat(header(mirror.head(manifestPath), "Content-Type")).isEqualTo(Content.OCI_MANIFEST);
    }

    @Test
    void aLayerIsNoManifest() throws Exception {
        mirror.blobs.complete(directory, layer, "application/octet-stream");

        HttpResponse<byte[]> get = mirror.get("/v2/team/image/manifests/" + layer.digest() + "?ns=reg.test");

        assertThat(get.statusCode()).isEqualTo(404);
        assertThat(TestMirror.text(get)).contains("MANIFEST_UNKNOWN").contains("not_manifest");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void row3BlobGetHasContentLengthAcceptRangesDigestAndType(boolean epoll) throws Exception {
        try (TestMirror other = new TestMirror(directory, TestMirror.LONG, TestMirror.LONG, epoll)) {
            other.blobs.complete(directory, layer, LAYER_TYPE);

            HttpResponse<byte[]> get = other.get(blobPath + "?ns=reg.test");

            assertThat(get.statusCode()).isEqualTo(200);
            assertThat(get.body()).isEqualTo(layer.bytes());
            assertThat(header(get, "Content-Length")).isEqualTo("3000000");
            assertThat(header(get, "Accept-Ranges")).isEqualTo("bytes");
            assertThat(header(get, "Docker-Content-Digest"))
                    .isEqualTo(layer.digest().toString());
            assertThat(header(get, "Content-Type")).isEqualTo(LAYER_TYPE);
            Await.until("the answer is counted", () -> other.answers(200, "ok") == 1);
            Await.until("its file is closed", other.blobs::allFilesClosed);
        }
    }

    @Test
    void row4BlobHeadIs200Or404() throws Exception {
        HttpResponse<byte[]> here = mirror.head(blobPath + "?ns=reg.test");
        HttpResponse<byte[]> nowhere =
                mirror.head("/v2/team/image/blobs/" + Content.random(9, 9).digest() + "?ns=reg.test");

        assertThat(here.statusCode()).isEqualTo(200);
        assertThat(header(here, "Content-Length")).isEqualTo("3000000");
        assertThat(header(here, "Docker-Content-Digest"))
                .isEqualTo(layer.digest().toString());
        assertThat(nowhere.statusCode()).isEqualTo(404);
        assertThat(mirror.answers(404, "not_held")).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=0-, 0, 3000000",
        "bytes=1000000-, 1000000, 3000000",
        "bytes=2999999-, 2999999, 3000000",
        "bytes=5-14, 5, 15",
        "bytes=2999990-9999999, 2999990, 3000000",
        "bytes=-7, 2999993, 3000000",
    })
    void row5RangesAre206WithExactContentRange(String range, int from, int end) throws Exception {
        HttpResponse<byte[]> part = mirror.get(blobPath + "?ns=reg.test", "Range", range);

        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(header(part, "Content-Range")).isEqualTo("bytes " + from + "-" + (end - 1) + "/3000000");
        assertThat(header(part, "Content-Length")).isEqualTo("" + (end - from));
        assertThat(header(part, "Content-Type")).isEqualTo(LAYER_TYPE);
        assertThat(part.body()).isEqualTo(layer.slice(from, end));
    }

    @Test
    void row5PastTheEndIs416() throws Exception {
        HttpResponse<byte[]> past = mirror.get(blobPath, "Range", "bytes=3000000-");

        assertThat(past.statusCode()).isEqualTo(416);
        assertThat(header(past, "Content-Range")).isEqualTo("bytes */3000000");
    }

    @Test
    void row6ManyRangesAre400SoThatLazyClientsAskForOne() throws Exception {
        assertThat(mirror.get(blobPath, "Range", "bytes=0-1,5-6").statusCode()).isEqualTo(400);
    }

    @Test
    void aRangeUnderAConditionThatCannotHoldIsIgnored() throws Exception {
        try (RawClient client = mirror.connect()) {
            client.get(blobPath, "Range: bytes=5-6", "If-Range: \"x\"");

            assertThat(client.readHead().status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes=0-", "bytes=3-5", "bytes=0-1,3-4", "bytes=99999999-"})
    void row7RangesOnManifestsAreTolerated(String range) throws Exception {
        assertThat(mirror.get(manifestPath, "Range", range).statusCode()).isIn(200, 206);
    }

    @Test
    void row8IdentityEncodingWhateverAcceptEncodingSays() throws Exception {
        HttpResponse<byte[]> get = mirror.get(manifestPath, "Accept-Encoding", "zstd;q=1.0, gzip;q=0.8, deflate;q=0.5");

        assertThat(header(get, "Content-Encoding")).isEmpty();
        assertThat(header(get, "Transfer-Encoding")).isEmpty();
        assertThat(get.body()).isEqualTo(manifest.bytes());
    }

    @ParameterizedTest
    @CsvSource({
        "/v2/team/image, ?ns=other.test%3A5000, '', other.test:5000, team/image",
        "/v2/team/image, '', other.test:5000, other.test:5000, team/image",
        "/v2/team/image, ?ns=a.test, b.test, a.test, team/image",
        "/v2/team/image, ?ns=%5B%3A%3A1%5D%3A5000, '', [::1]:5000, team/image",
        "/v2/reg.test/team/image, '', '', reg.test, team/image",
        "/v2/reg.test/team/image, ?ns=a.test, '', a.test, reg.test/team/image",
        "/v2/localhost/image, '', '', localhost, image",
        "/v2/localhost:5000/image, '', '', localhost:5000, image",
        "/v2/localhost%3A5000/image, '', '', localhost:5000, image",
        "/v2/docker.io/library/debian, '', '', docker.io, library/debian",
    })
    void row19And20NsIsDecodedAndEchoedOrTakenFromHeaderOrPath(
            String path, String query, String headerValue, String registry, String repository) throws Exception {
        String[] headers = headerValue.isEmpty() ? new String[0] : new String[] {"OCI-Namespace", headerValue};

        HttpResponse<byte[]> get = mirror.get(path + "/blobs/" + layer.digest() + query, headers);

        assertThat(get.statusCode()).isEqualTo(200);
        assertThat(header(get, "OCI-Namespace")).isEqualTo(registry);
        assertThat(mirror.blobs.requests())
                .containsExactly(new BlobRequest(
                        layer.digest(), ContentKind.BLOB, Optional.of(new Repository(registry, repository))));
    }

    @Test
    void row19MissingNsIsFineForDigests() throws Exception {
        HttpResponse<byte[]> get = mirror.get(blobPath);

        assertThat(get.statusCode()).isEqualTo(200);
        assertThat(header(get, "OCI-Namespace")).isEmpty();
        assertThat(mirror.blobs.requests().getFirst().repository()).isEmpty();
    }

    @Test
    void row20TagsResolveByPathPrefix() throws Exception {
        assertThat(mirror.get("/v2/reg.test/team/image/manifests/v1").body()).isEqualTo(manifest.bytes());
    }

    @Test
    void aTagWithoutItsRegistryIs404() throws Exception {
        HttpResponse<byte[]> get = mirror.get("/v2/team/image/manifests/v1");

        assertThat(get.statusCode()).isEqualTo(404);
        assertThat(TestMirror.text(get)).contains("MANIFEST_UNKNOWN").contains("no_registry");
        assertThat(mirror.tags.asked()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v2/", "/v2", "/v2/?ns=docker.io"})
    void row21VersionCheckIs200(String path) throws Exception {
        HttpResponse<byte[]> get = mirror.get(path);

        assertThat(get.statusCode()).isEqualTo(200);
        assertThat(header(get, "Docker-Distribution-Api-Version")).isEqualTo("registry/2.0");
        assertThat(mirror.head(path).statusCode()).isEqualTo(200);
    }

    @Test
    void row23AMovedTagIsNewAtOnce() throws Exception {
        Content moved = Content.manifest(",\"config\":{},\"layers\":[],\"annotations\":{}");
        mirror.head("/v2/team/image/manifests/v1?ns=reg.test");

        mirror.tags.put("reg.test/team/image:v1", moved, Content.OCI_MANIFEST);

        HttpResponse<byte[]> head = mirror.head("/v2/team/image/manifests/v1?ns=reg.test");
        assertThat(header(head, "Docker-Content-Digest"))
                .isEqualTo(moved.digest().toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "HEAD"})
    void aTagThatItsRegistryCannotBeAskedForIsAnsweredWithTheAgeOfWhatItSaid(String method) throws Exception {
        Tags.Earlier earlier = new Tags.Earlier(Duration.ofMinutes(61), "n2", "it does not answer");
        mirror.tags.put(
                "reg.test/team/image:v1",
                () -> new Tags.TagOutcome.Resolved(
                        manifest.digest(), Content.OCI_MANIFEST, manifest.bytes().length, Optional.of(earlier)));

        HttpResponse<byte[]> answer = mirror.request(method, "/v2/team/image/manifests/v1?ns=reg.test");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(header(answer, "Age")).isEqualTo("3660");
        assertThat(mirror.journal.of(manifest.digest())).anySatisfy(entry -> {
            assertThat(entry.event()).isEqualTo("tag");
            assertThat(entry.source()).isEqualTo("n2");
            assertThat(entry.detail())
                    .isEqualTo("reg.test/team/image:v1: what the registry said to n2 61 min ago stands in:"
                            + " it does not answer");
        });
        assertThat(mirror.get("/v2/team/image/manifests/" + manifest.digest())
                        .headers()
                        .firstValue("Age"))
                .as("what a digest means does not change")
                .isEmpty();
    }

    @Test
    void anUnresolvedTagIs404WithItsReason() throws Exception {
        HttpResponse<byte[]> get = mirror.get("/v2/team/image/manifests/gone?ns=reg.test");

        assertThat(get.statusCode()).isEqualTo(404);
        assertThat(TestMirror.text(get)).contains("MANIFEST_UNKNOWN").contains("not_found");
        assertThat(mirror.answers(404, "not_found")).isEqualTo(1);
    }

    @Test
    void anAnswerIsInTheJournalWithItsReason() throws Exception {
        Content missing = Content.random(9, 9);

        mirror.get("/v2/a/b/blobs/" + missing.digest());

        assertThat(mirror.journal.of(missing.digest())).singleElement().satisfies(entry -> {
            assertThat(entry.event()).isEqualTo("answer");
            assertThat(entry.detail()).isEqualTo("404 not_held: nobody has it");
        });
    }

    @ParameterizedTest
    @CsvSource({
        "/v2/UPPER/manifests/v1?ns=reg.test, 400, NAME_INVALID",
        "/v2/a//b/manifests/v1?ns=reg.test, 400, NAME_INVALID",
        "/v2/a/b/manifests/v1?ns=not%20a%20host, 400, NAME_INVALID",
        "/v2/a/b/manifests/.INVALID?ns=reg.test, 404, MANIFEST_UNKNOWN",
        "/v2/a/b/manifests/sha256:abc?ns=reg.test, 400, DIGEST_INVALID",
        "/v2/a/b/blobs/v1?ns=reg.test, 400, DIGEST_INVALID",
        "/v2/a/b/blobs/sha256:abc?ns=reg.test, 400, DIGEST_INVALID",
        "/v2/a/b/blobs/sha512:abcdef0123?ns=reg.test, 404, BLOB_UNKNOWN",
        "/v2/a/b/manifests/sha512:abcdef0123?ns=reg.test, 404, MANIFEST_UNKNOWN",
        "/v2/a/b/tags/list?ns=reg.test, 404, UNSUPPORTED",
        "/v2/_catalog, 404, UNSUPPORTED",
        "/v2/a/b/blobs/uploads/, 404, UNSUPPORTED",
        "/v2/manifests/v1, 404, UNSUPPORTED",
        "/, 404, UNSUPPORTED",
        "/v1/a/manifests/v1, 404, UNSUPPORTED",
    })
    void whatIsNoPullIsAnErrorOfTheSpecification(String path, int status, String code) throws Exception {
        HttpResponse<byte[]> get = mirror.get(path);

        assertThat(get.statusCode()).isEqualTo(status);
        assertThat(TestMirror.text(get)).startsWith("{\"errors\":[{\"code\":\"" + code + "\",\"message\":\"");
        assertThat(header(get, "Content-Type")).isEqualTo("application/json");
        assertThat(mirror.head(path).statusCode()).isEqualTo(status);
    }

    @Test
    void referrersAreUnsupported() throws Exception {
        HttpResponse<byte[]> get = mirror.get("/v2/a/b/referrers/" + manifest.digest() + "?ns=reg.test");

        assertThat(get.statusCode()).isEqualTo(404);
        assertThat(TestMirror.text(get)).contains("UNSUPPORTED");
    }

    @Test
    void aBrokenEscapeIs400() throws Exception {
        try (RawClient client = mirror.connect()) {
            assertThat(client.get("/v2/a/b/manifests/%zz?ns=%").readHead().status())
                    .isEqualTo(400);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"})
    void row30IsReadOnly(String method) throws Exception {
        HttpResponse<byte[]> response = mirror.request(method, "/v2/a/b/blobs/uploads/?ns=reg.test");

        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(header(response, "Allow")).isEqualTo("GET, HEAD");
        assertThat(TestMirror.text(response)).contains("UNSUPPORTED");
    }

    @Test
    void anUploadIsRefusedBeforeItsBodyAndEndsWithFin() throws Exception {
        try (RawClient client = mirror.connect()) {
            client.request("PUT", "/v2/a/b/manifests/v1", "Content-Length: 100000", "Expect: 100-continue");
            RawClient.Head head = client.readHead();
            client.send(new byte[100_000]);

            assertThat(head.status()).isEqualTo(405);
            assertThat(head.header("connection")).isEqualTo("close");
            assertThat(client.readRest().reset()).isFalse();
        }
    }

    @Test
    void row30CredentialsOfClientsAreNotHeeded() throws Exception {
        HttpResponse<byte[]> get = mirror.get(blobPath, "Authorization", "Basic c2VjcmV0OnNlY3JldA==");

        assertThat(get.statusCode()).isEqualTo(200);
        assertThat(get.headers().map()).doesNotContainKeys("www-authenticate", "authorization");
    }

    @Test
    void row30ListensOnlyWhereItIsToldTo() {
        assertThat(mirror.address().getAddress().isLoopbackAddress()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPortInUseIsABindException(boolean epoll) {
        Config.Mirror taken = new Config.Mirror("127.0.0.1", mirror.address().getPort(), Duration.ofHours(1));

        assertThatThrownBy(() -> MirrorServer.bind(
                        taken,
                        new Config.Handoff(TestMirror.LONG, TestMirror.LONG),
                        mirror.blobs,
                        mirror.tags,
                        mirror.journal,
                        new Meters(new SimpleMeterRegistry()),
                        InstantSource.system(),
                        Connection.Limits.STANDARD,
                        epoll))
                .isInstanceOf(BindException.class)
                .hasMessageContaining("port " + mirror.address().getPort());
    }

    @Test
    void theWatchdogIsNoClient() throws Exception {
        mirror.get("/v2/", "User-Agent", "ringpull-watchdog");
        assertThat(mirror.server.lastRequest()).isEmpty();

        mirror.get("/v2/", "User-Agent", "containerd/1.6.20");
        assertThat(mirror.server.lastRequest()).contains(mirror.now.get());
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws Exception {
        try (RawClient client = mirror.connect()) {
            String request = "GET " + blobPath + " HTTP/1.1\r\nHost: m\r\nRange: bytes=%d-%d\r\n\r\n";
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                all.append(request.formatted(i, i));
            }
            client.send(all.toString());

            for (int i = 0; i < 20; i++) {
                assertThat(client.readHead().status()).isEqualTo(206);
                assertThat(client.read(1)).isEqualTo(layer.slice(i, i + 1));
            }
        }
    }

    @Test
    void tooManyPipelinedRequestsEndTheConnection() throws Exception {
        String ping = "GET /v2/ HTTP/1.1\r\nHost: m\r\n\r\n";
        try (RawClient client = mirror.connect()) {
            client.send(ping.repeat(500));

            RawClient.Rest rest = client.readRest();

            assertThat(rest.reset()).isFalse();
            int answers = new String(rest.bytes(), StandardCharsets.US_ASCII).split("HTTP/1.1 200", -1).length - 1;
            assertThat(answers).isBetween(Connection.PIPELINED_MAX, 4 * Connection.PIPELINED_MAX);
        }
        assertThat(mirror.get("/v2/").statusCode()).isEqualTo(200);
    }

    @Test
    void oldClientsGetAnEnd() throws Exception {
        try (RawClient client = mirror.connect()) {
            client.send("GET " + manifestPath + " HTTP/1.0\r\n\r\n");
            RawClient.Head head = client.readHead();
            RawClient.Rest rest = client.readRest();

            assertThat(head.status()).isEqualTo(200);
            assertThat(rest).satisfies(r -> assertThat(r.bytes()).isEqualTo(manifest.bytes()));
            assertThat(rest.reset()).isFalse();
        }
    }

    @Test
    void limitsOfRequestsAreAnswered() throws Exception {
        for (List<String> tooLong : List.of(
                List.of("GET /v2/" + "a".repeat(MirrorServer.REQUEST_LINE_BYTES_MAX) + " HTTP/1.1\r\n\r\n", "414"),
                List.of("GET /v2/ HTTP/1.1\r\nX: " + "a".repeat(MirrorServer.HEADER_BYTES_MAX) + "\r\n\r\n", "431"))) {
            try (RawClient client = mirror.connect()) {
                client.send(tooLong.getFirst());

                assertThat(client.readHead().status()).isEqualTo(Integer.parseInt(tooLong.getLast()));
                assertThat(client.readRest().reset()).isFalse();
            }
        }
    }
}
