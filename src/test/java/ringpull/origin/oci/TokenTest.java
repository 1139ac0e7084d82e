package ringpull.origin.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.config.Config;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;

class TokenTest extends HostileFixture {
    private static final String NAME = "registry.test";
    private static final String TARGET = "/token?scope=repository%3Ateam%2Fimage%3Apull&service=reg";

    private final AtomicReference<String> goodToken = new AtomicReference<>("token-1");

    private static void sendToken(OutputStream out, String json) throws IOException {
        HostileServer.send(out, 200, json.getBytes(UTF_8), "Content-Type: application/json");
    }

    /** A token server that grants everybody what is good now. */
    private HostileServer.Handler granting(String rest) {
        return (request, out) -> sendToken(out, "{\"token\":\"" + goodToken.get() + "\"" + rest + "}");
    }

    /** A registry that wants the token of a realm. */
    private HostileServer.Handler guarded(URI realm) {
        return (request, out) -> {
            if (request.header("authorization").equals(Optional.of("Bearer " + goodToken.get()))) {
                sendManifest(request, out);
            } else {
                challenge(out, realm);
            }
        };
    }

    private static void challenge(OutputStream out, URI realm) throws IOException {
        HostileServer.send(
                out,
                401,
                "{}".getBytes(UTF_8),
                "WWW-Authenticate: Bearer realm=\"" + realm + "/token\",service=\"reg\",scope=\"repository:x:push\"");
    }

    /** A registry and its token server at one site. */
    private HostileServer both(HostileServer.Handler tokens) throws IOException {
        return plain((request, out) -> {
            if (request.target().startsWith("/token")) {
                tokens.answer(request, out);
            } else {
                guarded(self(request)).answer(request, out);
            }
        });
    }

    /** The server that was asked. */
    private static URI self(HostileServer.Request request) {
        return URI.create("http://" + request.header("host").orElseThrow());
    }

    private static List<HostileServer.Request> tokenRequests(HostileServer server) {
        return server.requests().stream()
                .filter(request -> request.target().startsWith("/token"))
                .toList();
    }

    @Test
    void aTokenToPullIsFetchedAndSent() throws Exception {
        HostileServer server = both(granting(""));
        Origin origin = origin(registry(NAME, server.url()));
        assertThat(origin.resolve(repository(NAME), "v1").digest()).isEqualTo(MANIFEST_DIGEST);
        assertThat(tokenRequests(server)).hasSize(1);
        assertThat(tokenRequests(server).getFirst().target()).isEqualTo(TARGET); // and not the push that was offered
        assertThat(tokenRequests(server).getFirst().header("authorization")).isEmpty();
    }

    @Test
    void aTokenIsKeptUntilItExpires() throws Exception {
        HostileServer server = both(granting(",\"expires_in\":100"));
        Origin origin = origin(registry(NAME, server.url()));
        for (int i = 0; i < 3; i++) {
            origin.resolve(repository(NAME), "v1");
        }
        assertThat(server.requests()).hasSize(1 + 1 + 3); // refused once, then never again
        now = now.plusSeconds(89);
        origin.resolve(repository(NAME), "v1");
        assertThat(tokenRequests(server)).hasSize(1);
        now = now.plusSeconds(2);
        origin.resolve(repository(NAME), "v1");
        assertThat(tokenRequests(server)).hasSize(2);
    }

    @Test
    void aTokenThatIsRejectedEarlyIsFetchedAnewOnce() throws Exception {
        HostileServer server = both(granting(""));
        Origin origin = origin(registry(NAME, server.url()));
        origin.resolve(repository(NAME), "v1");
        goodToken.set("token-2");
        origin.resolve(repository(NAME), "v1");
        assertThat(tokenRequests(server)).hasSize(2);
    }

    @Test
    void aTokenThatIsNeverAcceptedIsDenied() throws Exception {
        HostileServer server = both((request, out) -> sendToken(out, "{\"token\":\"bad-token\"}"));
        Origin origin = origin(registry(NAME, server.url()));
        assertThatThrownBy(() -> origin.resolve(repository(NAME), "v1"))
                .isInstanceOf(OriginException.Denied.class)
                .hasMessageNotContaining("bad-token");
        assertThat(server.requests()).hasSize(3);
    }

    @Test
    void manyWaitForOneToken() throws Exception {
        int clients = 12;
        CountDownLatch refused = new CountDownLatch(clients);
        HostileServer server = plain((request, out) -> {
            if (request.target().startsWith("/token")) {
                await(refused); // until all have been refused, so that all want the token
                granting("").answer(request, out);
            } else {
                refused.countDown();
                guarded(self(request)).answer(request, out);
            }
        });
        Origin origin = origin(registry(NAME, server.url()));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Origin.TagAnswer>> answers = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                answers.add(threads.submit(() -> origin.resolve(repository(NAME), "v1")));
            }
            for (Future<Origin.TagAnswer> answer : answers) {
                assertThat(answer.get().digest()).isEqualTo(MANIFEST_DIGEST);
            }
        }
        assertThat(tokenRequests(server)).hasSize(1);
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void credentialsGoToTheRealmOnTheRegistrysHost() throws Exception {
        HostileServer server = both(granting(""));
        origin(withLogin(NAME, server.url())).resolve(repository(NAME), "v1");
        assertThat(tokenRequests(server).getFirst().header("authorization")).contains(BASIC);
        assertThat(server.requests().getLast().header("authorization")).contains("Bearer token-1");
    }

    @Test
    void aForeignRealmGetsNoCredentials() throws Exception {
        HostileServer realm = tls(PUBLIC, granting(""));
        HostileServer server = plain(guarded(realm.url()));
        origin(withLogin(NAME, server.url())).resolve(repository(NAME), "v1");
        assertThat(realm.requests()).hasSize(1);
        assertThat(realm.requests().getFirst().headers()).doesNotContainKey("authorization");
        assertThat(server.requests())
                .noneMatch(request -> request.header("authorization").equals(Optional.of(BASIC)));
    }

    @Test
    void theConfiguredRealmGetsCredentials() throws Exception {
        HostileServer realm = tls(PUBLIC, granting(""));
        HostileServer server = plain(guarded(realm.url()));
        origin(registry(NAME, Optional.of(LOGIN), Optional.of(realm.url()), server.url()))
                .resolve(repository(NAME), "v1");
        assertThat(realm.requests().getFirst().header("authorization")).contains(BASIC);
    }

    @Test
    void aRealmWithoutTlsIsRefusedUnlessConfigured() throws Exception {
        HostileServer realm = plain(granting(""));
        HostileServer server = tls("127.0.0.1", guarded(realm.url()));
        Origin origin = origin(withLogin(NAME, server.url()));
        assertThatThrownBy(() -> origin.resolve(repository(NAME), "v1")).isInstanceOf(OriginException.Forbidden.class);
        assertThat(realm.requests()).isEmpty();
    }

    @Test
    void aRealmWithoutTlsGetsNoCredentialsOfATlsRegistry() throws Exception {
        HostileServer realm = plain(granting(""));
        HostileServer server = tls("127.0.0.1", guarded(realm.url()));
        origin(withLogin(NAME, server.url()), registry("plain.test", realm.url()))
                .resolve(repository(NAME), "v1");
        assertThat(realm.requests().getFirst().header("authorization")).isEmpty();
    }

    @Test
    void aRedirectOfTheRealmIsNotFollowed() throws Exception {
        HostileServer other = tls(PUBLIC, granting(""));
        HostileServer server = both((request, out) -> HostileServer.send(out, 307, "Location: " + other.url()));
        Origin origin = origin(withLogin(NAME, server.url()));
        assertThatThrownBy(() -> origin.resolve(repository(NAME), "v1")).isInstanceOf(OriginException.class);
        assertThat(other.requests()).isEmpty();
    }

    @Test
    void anIdentityTokenIsTradedForAToken(@TempDir Path folder) throws Exception {
        HostileServer server = both((request, out) -> sendToken(out, "{\"access_token\":\"" + goodToken.get() + "\"}"));
        Path file = folder.resolve("config.json");
        Files.writeString(
                file,
                "{\"auths\":{\"127.0.0.1:" + server.port() + "\":{\"auth\":\"dTo=\",\"identitytoken\":\"id&1\"}}}");
        origin(new Config.Registry(
                        NAME,
                        List.of(server.url()),
                        Optional.empty(),
                        Optional.of(file),
                        Optional.empty(),
                        Optional.empty()))
                .resolve(repository(NAME), "v1");
        HostileServer.Request request = tokenRequests(server).getFirst();
        assertThat(request.method()).isEqualTo("POST");
        assertThat(request.body())
                .isEqualTo("grant_type=refresh_token&client_id=ringpull&scope=repository%3Ateam%2Fimage%3Apull"
                        + "&service=reg&refresh_token=id%261");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "no json", "[]", "{\"token\":\"\"}", "{\"token\":\"a\\r\\nX: y\"}", "{\"token\":{}}"})
    void anUnusableTokenIsMalformed(String json) throws Exception {
        HostileServer server = both((request, out) -> sendToken(out, json));
        Origin origin = origin(registry(NAME, server.url()));
        assertThatThrownBy(() -> origin.resolve(repository(NAME), "v1"))
                .isInstanceOf(OriginException.Malformed.class)
                .hasMessageContaining("token");
    }

    @Test
    void anEndlessTokenIsCutOff() throws Exception {
        HostileServer server = both((request, out) -> {
            HostileServer.head(out, 200);
            out.write("\r\n{\"token\":\"".getBytes(UTF_8));
            while (true) {
                out.write("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".getBytes(UTF_8));
            }
        });
        Origin origin = origin(registry(NAME, server.url()));
        assertThatThrownBy(() -> origin.resolve(repository(NAME), "v1")).isInstanceOf(OriginException.Malformed.class);
    }

    @Test
    void whatTheRealmAnswersIsTheAnswer() throws Exception {
        for (int status : List.of(401, 403)) {
            HostileServer server = both((request, out) -> HostileServer.send(out, status));
            Origin origin = origin(withLogin(NAME, server.url()));
            assertThatThrownBy(() -> origin.resolve(repository(NAME), "v1")).isInstanceOf(OriginException.Denied.class);
        }
        HostileServer server = both((request, out) -> HostileServer.send(out, 503));
        Origin origin = origin(withLogin(NAME, server.url()));
        assertThatThrownBy(() -> origin.resolve(repository(NAME), "v1"))
                .isInstanceOf(OriginException.Unreachable.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "Bearer", "Bearer realm=\"\"", "Bearer realm=\"/token\"", "Digest realm=\"x\"", "Basic x=1"})
    void a401WithoutAUsableChallengeFailsWithItsReason(String challenge) throws Exception {
        HostileServer server = plain((request, out) -> HostileServer.send(out, 401, "WWW-Authenticate: " + challenge));
        Origin origin = origin(registry(NAME, server.url()));
        assertThatThrownBy(() -> origin.resolve(repository(NAME), "v1"))
                .isInstanceOfAny(OriginException.Denied.class, OriginException.Malformed.class)
                .hasMessageContaining("127.0.0.1");
    }

    @Test
    void anEndpointWithAPathAsksForTheRepositoryBehindIt() throws Exception {
        HostileServer server = both(granting(""));
        origin(registry(NAME, URI.create(server.url() + "/v2/proxy/"))).resolve(repository(NAME), "v1");
        assertThat(server.requests().getFirst().target()).isEqualTo("/v2/proxy/team/image/manifests/v1");
        assertThat(tokenRequests(server).getFirst().target()).contains("repository%3Aproxy%2Fteam%2Fimage%3Apull");
    }

    /** A token server grants what its registry asks for, and knows no other name of the repository. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "repository:cached/team/image:pull | repository:cached/team/image:pull",
                "repository:team/image:pull,push | repository:team/image:pull",
                "repository:team/image:pull registry:catalog:* | repository:team/image:pull",
                "repository:a/b:pull repository:c/d:pull | repository:team/image:pull",
                "repository:a/b:push | repository:team/image:pull",
                "repository:../../etc:pull&x | repository:team/image:pull",
                "'' | repository:team/image:pull"
            })
    void theTokenIsForExactlyTheRepositoryThatTheRegistryNames(String offered, String asked) throws Exception {
        HostileServer server = plain((request, out) -> {
            String scope = "scope=" + URLEncoder.encode(asked, UTF_8);
            if (!request.target().startsWith("/token")) {
                if (request.header("authorization").equals(Optional.of("Bearer " + goodToken.get()))) {
                    sendManifest(request, out);
                } else {
                    String challenge = "Bearer realm=\"" + self(request) + "/token\",scope=\"" + offered + "\"";
                    HostileServer.send(out, 401, "{}".getBytes(UTF_8), "WWW-Authenticate: " + challenge);
                }
            } else if (request.target().equals("/token?" + scope)) {
                sendToken(out, "{\"token\":\"" + goodToken.get() + "\"}");
            } else {
                HostileServer.send(out, 403, "{}".getBytes(UTF_8));
            }
        });
        Origin origin = origin(registry(NAME, server.url()));

        assertThat(origin.resolve(repository(NAME), "v1").digest()).isEqualTo(MANIFEST_DIGEST);
        origin.resolve(repository(NAME), "v1");

        assertThat(tokenRequests(server)).as("kept for the next request").hasSize(1);
    }
}
