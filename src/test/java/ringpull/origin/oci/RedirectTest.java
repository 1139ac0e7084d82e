package ringpull.origin.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.OutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ContentKind;
import ringpull.config.Config;
import ringpull.origin.Origin;
import ringpull.origin.OriginContract;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

class RedirectTest extends HostileFixture {
    private static final String NAME = "registry.test";
    private static final String STORAGE = "storage.test";

    /** Wants a password, then redirects. */
    private static HostileServer.Handler redirectAfterLogin(int status, String location) {
        return (request, out) -> {
            if (request.header("authorization").isEmpty()) {
                HostileServer.send(out, 401, "WWW-Authenticate: Basic realm=\"r\"");
            } else {
                HostileServer.send(out, status, "Location: " + location);
            }
        };
    }

    private static HostileServer.Handler redirect(String location) {
        return (request, out) -> HostileServer.send(out, 307, "Location: " + location);
    }

    private static void sendBlob(HostileServer.Request request, OutputStream out) throws java.io.IOException {
        HostileServer.send(out, 200, BYTES);
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void aRedirectToAnotherHostDropsAuthorization(int status) throws Exception {
        HostileServer storage = plain(RedirectTest::sendBlob);
        HostileServer server = plain(redirectAfterLogin(status, storage.url() + "/signed?X-Sig=a%2Fb&n=1"));
        Origin origin = origin(withLogin(NAME, server.url()), registry(STORAGE, storage.url()));
        try (OriginStream stream = origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0)) {
            assertThat(OriginContract.readAll(stream)).isEqualTo(BYTES);
            assertThat(stream.endpoint()).isEqualTo(server.url().toString());
        }
        assertThat(server.requests().getLast().header("authorization")).contains(BASIC);
        assertThat(storage.requests().getFirst().header("authorization")).isEmpty();
        assertThat(storage.requests().getFirst().target()).isEqualTo("/signed?X-Sig=a%2Fb&n=1");
    }

    @Test
    void aRedirectOnTheSameSiteKeepsAuthorizationAndRange() throws Exception {
        HostileServer server = plain((request, out) -> {
            if (request.header("authorization").isEmpty()) {
                HostileServer.send(out, 401, "WWW-Authenticate: Basic realm=\"r\"");
            } else if (request.target().equals("/elsewhere")) {
                HostileServer.send(out, 206, OriginContract.tail(BYTES, 10), "Content-Range: bytes 10-99999/100000");
            } else {
                HostileServer.send(out, 307, "Location: /elsewhere");
            }
        });
        Origin origin = origin(withLogin(NAME, server.url()));
        try (OriginStream stream = origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 10)) {
            assertThat(OriginContract.readAll(stream)).isEqualTo(OriginContract.tail(BYTES, 10));
        }
        assertThat(server.requests().getLast().header("authorization")).contains(BASIC);
        assertThat(server.requests().getLast().header("range")).contains("bytes=10-");
    }

    @Test
    void credentialsStayAwayWhenARedirectComesBack() throws Exception {
        List<String> back = new java.util.concurrent.CopyOnWriteArrayList<>();
        HostileServer storage =
                plain((request, out) -> HostileServer.send(out, 307, "Location: " + back.getFirst() + "/back"));
        HostileServer server = plain((request, out) -> {
            if (request.target().equals("/back")) {
                HostileServer.send(out, 200, BYTES);
            } else {
                redirectAfterLogin(307, storage.url().toString()).answer(request, out);
            }
        });
        back.add(server.url().toString());
        Origin origin = origin(withLogin(NAME, server.url()), registry(STORAGE, storage.url()));
        origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0).close();
        assertThat(server.requests().getLast().target()).isEqualTo("/back");
        assertThat(server.requests().getLast().header("authorization")).isEmpty();
    }

    @Test
    void aChallengeFromWhereARedirectLeadsIsNotAnswered() throws Exception {
        HostileServer storage =
                plain((request, out) -> HostileServer.send(out, 401, "WWW-Authenticate: Basic realm=\"r\""));
        HostileServer server = plain(redirectAfterLogin(307, storage.url() + "/x"));
        Origin origin = origin(withLogin(NAME, server.url()), registry(STORAGE, storage.url()));
        assertThatThrownBy(() -> origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0))
                .isInstanceOf(OriginException.Denied.class);
        assertThat(storage.requests()).hasSize(1);
    }

    @Test
    void aRedirectLoopEnds() throws Exception {
        HostileServer server = plain((request, out) ->
                HostileServer.send(out, 307, "Location: /" + (request.target().equals("/a") ? "b" : "a")));
        Origin origin = origin(registry(NAME, server.url()));
        assertThatThrownBy(() -> origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0))
                .isInstanceOf(OriginException.Malformed.class)
                .hasMessageContaining("more than 5");
        assertThat(server.requests()).hasSize(6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "http://", "ftp://storage.test/x", "https://a b/", "https://user:pw@storage.test/x"})
    void aRedirectToNoUsableUrlIsMalformed(String location) throws Exception {
        names.put(STORAGE, PUBLIC);
        HostileServer server = plain(redirect(location));
        Origin origin = origin(registry(NAME, server.url()));
        assertThatThrownBy(() -> origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0))
                .isInstanceOf(OriginException.Malformed.class)
                .hasMessageNotContaining("pw");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"169.254.169.254", "127.0.0.1", "10.1.2.3", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1"})
    void anUnnamedRegistryMayNotRedirectInside(String address) throws Exception {
        HostileServer inside = tls("127.0.0.1", RedirectTest::sendBlob);
        names.put(STORAGE, address);
        names.put(NAME, PUBLIC);
        HostileServer server = tls(PUBLIC, redirect("https://" + STORAGE + ":" + inside.port() + "/x"));
        assertThatThrownBy(() -> origin().open(repository(NAME + ":" + server.port()), ContentKind.BLOB, DIGEST, 0))
                .isInstanceOf(OriginException.Forbidden.class)
                .hasMessageContaining(STORAGE);
        assertThat(server.requests()).hasSize(1);
        assertThat(inside.requests()).isEmpty();
    }

    @Test
    void anUnnamedRegistryMayNotUseAHostThatOthersAreConfiguredWith() throws Exception {
        HostileServer inside = tls("127.0.0.1", RedirectTest::sendBlob);
        names.put(NAME, PUBLIC);
        HostileServer server = tls(PUBLIC, redirect(inside.url() + "/x"));
        Origin origin = origin(registry("inside.test", inside.url()));
        assertThatThrownBy(() -> origin.open(repository(NAME + ":" + server.port()), ContentKind.BLOB, DIGEST, 0))
                .isInstanceOf(OriginException.Forbidden.class);
        assertThat(inside.requests()).isEmpty();
    }

    @Test
    void aNamedRegistryMayRedirectInsideOnlyToANamedHost() throws Exception {
        HostileServer inside = tls("127.0.0.1", RedirectTest::sendBlob);
        names.put(STORAGE, "127.0.0.1");
        String location = inside.url(STORAGE) + "/x";
        HostileServer server = plain(redirect(location));
        Config.Registry registry = registry(NAME, server.url());
        assertThatThrownBy(() -> origin(registry).open(repository(NAME), ContentKind.BLOB, DIGEST, 0))
                .isInstanceOf(OriginException.Forbidden.class);
        assertThat(inside.requests()).isEmpty();
        origin(registry, registry(STORAGE))
                .open(repository(NAME), ContentKind.BLOB, DIGEST, 0)
                .close();
        assertThat(inside.requests()).hasSize(1);
    }

    @Test
    void aRedirectToPlainHttpIsRefused() throws Exception {
        HostileServer plain = plain(RedirectTest::sendBlob);
        names.put(NAME, PUBLIC);
        HostileServer server = tls(PUBLIC, redirect(plain.url() + "/x"));
        String name = NAME + ":" + server.port();
        assertThatThrownBy(() -> origin().open(repository(name), ContentKind.BLOB, DIGEST, 0))
                .isInstanceOf(OriginException.Forbidden.class)
                .hasMessageContaining("TLS");
        assertThatThrownBy(() -> origin(registry(name)).open(repository(name), ContentKind.BLOB, DIGEST, 0))
                .isInstanceOf(OriginException.Forbidden.class);
        assertThat(plain.requests()).isEmpty();
    }

    @Test
    void bytesAreAuthenticOnlyIfEveryHopWasTls() throws Exception {
        HostileServer plain = plain(RedirectTest::sendBlob);
        HostileServer secure = tls(PUBLIC, RedirectTest::sendBlob);
        names.put(NAME, PUBLIC);
        HostileServer toPlain = tls(PUBLIC, redirect(plain.url() + "/x"));
        HostileServer toSecure = tls(PUBLIC, redirect(secure.url() + "/x"));
        HostileServer fromPlain = plain(redirect(secure.url() + "/x"));
        assertThat(authentic(toSecure, registry(NAME, toSecure.url(NAME)))).isTrue();
        assertThat(authentic(toPlain, registry(NAME, toPlain.url(NAME)), registry("p.test", plain.url())))
                .isFalse();
        assertThat(authentic(fromPlain, registry(NAME, fromPlain.url()))).isFalse();
    }

    private boolean authentic(HostileServer first, Config.Registry... registries) throws Exception {
        try (OriginStream stream = origin(registries).open(repository(NAME), ContentKind.BLOB, DIGEST, 0)) {
            assertThat(OriginContract.readAll(stream)).isEqualTo(BYTES);
            assertThat(first.requests()).hasSize(1);
            return stream.authentic();
        }
    }
}
