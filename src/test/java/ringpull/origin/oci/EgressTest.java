package ringpull.origin.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ContentKind;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;

/** No open proxy: what a registry may lead us to that a client named and the configuration does not. */
class EgressTest extends HostileFixture {
    private static final String NAME = "registry.test";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0",
                "0.1.2.3",
                "10.0.0.1",
                "100.64.0.1",
                "100.127.255.255",
                "127.0.0.1",
                "127.9.9.9",
                "169.254.169.254",
                "172.16.0.1",
                "172.31.255.255",
                "192.0.0.1",
                "192.168.1.1",
                "198.18.0.1",
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "::127.0.0.1",
                "::ffff:10.0.0.1",
                "::ffff:0:10.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b::10.0.0.1",
                "64:ff9b::a9fe:a9fe",
                "64:ff9b:1::808:808",
                "100::1",
                "2001:0:1::1",
                "2002:7f00:1::1",
                "2002:a00:1::1",
                "fc00::1",
                "fd12::1",
                "fe80::1",
                "fec0::1",
                "ff02::1"
            })
    void isNotPublic(String address) throws Exception {
        assertThat(PublicAddress.test(InetAddress.ofLiteral(address))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.1.1.1",
                "100.63.255.255",
                "100.128.0.1",
                "172.15.0.1",
                "172.32.0.1",
                "192.167.1.1",
                "192.0.1.1",
                "198.17.0.1",
                "198.20.0.1",
                "223.255.255.254",
                "2606:4700::1",
                "2001:4860:4860::8888",
                "64:ff9b::808:808",
                "2002:808:808::1"
            })
    void isPublic(String address) throws Exception {
        assertThat(PublicAddress.test(InetAddress.ofLiteral(address))).isTrue();
    }

    @Test
    void aNameThatResolvesInsideIsRefusedWithoutAConnection() throws Exception {
        HostileServer inside = tls("127.0.0.1", HostileFixture::sendManifest);
        names.put(NAME, "127.0.0.1");
        assertThatThrownBy(() -> origin().resolve(repository(NAME + ":" + inside.port()), "v1"))
                .isInstanceOf(OriginException.Forbidden.class)
                .hasMessageContaining("127.0.0.1")
                .hasMessageContaining("[[registry]]");
        assertThat(inside.requests()).isEmpty();
    }

    @Test
    void aNameThatIsReboundToTheInsideIsRefused() throws Exception {
        names.put(NAME, PUBLIC);
        HostileServer outside = tls(PUBLIC, HostileFixture::sendManifest);
        Origin origin = origin();
        String name = NAME + ":" + outside.port();
        assertThat(origin.resolve(repository(name), "v1").digest()).isEqualTo(MANIFEST_DIGEST);
        names.put(NAME, "169.254.169.254");
        assertThatThrownBy(() -> origin.resolve(repository(name), "v1")).isInstanceOf(OriginException.Forbidden.class);
        assertThat(outside.requests()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "[::1]", "2130706433", "localhost"})
    void literalsAndLocalhostAreRefused(String host) throws Exception {
        names.put("localhost", "127.0.0.1");
        assertThatThrownBy(() -> origin().resolve(repository(host + ":5000"), "v1"))
                .isInstanceOfAny(OriginException.Forbidden.class, OriginException.Malformed.class);
    }

    @Test
    void anUnnamedRegistryIsNeverSpokenToWithoutTls() throws Exception {
        StringBuilder first = new StringBuilder();
        try (java.net.ServerSocket raw = new java.net.ServerSocket(0, 1, InetAddress.ofLiteral(PUBLIC))) {
            Thread reader = Thread.ofVirtual().start(() -> {
                try (raw;
                        java.net.Socket socket = raw.accept()) {
                    first.append(Integer.toString(socket.getInputStream().read()));
                } catch (java.io.IOException e) {
                    first.append(e);
                }
            });
            names.put(NAME, PUBLIC);
            Origin origin = origin();
            String name = NAME + ":" + raw.getLocalPort();
            assertThatThrownBy(() -> origin.resolve(repository(name), "v1"))
                    .isInstanceOf(OriginException.Unreachable.class);
            reader.join();
        }
        assertThat(first).hasToString("22"); // a TLS handshake record
    }

    @Test
    void aNamedRegistryMayBeInside() throws Exception {
        HostileServer inside = tls("127.0.0.1", HostileFixture::sendManifest);
        names.put(NAME, "127.0.0.1");
        String name = NAME + ":" + inside.port();
        assertThat(origin(registry(name)).resolve(repository(name), "v1").digest())
                .isEqualTo(MANIFEST_DIGEST);
    }

    @Test
    void aCertificateForAnotherNameIsRefused() throws Exception {
        HostileServer server = tls(PUBLIC, HostileFixture::sendManifest);
        names.put("other.example", PUBLIC);
        assertThatThrownBy(() -> origin().resolve(repository("other.example:" + server.port()), "v1"))
                .isInstanceOf(OriginException.Unreachable.class);
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void aRealmInsideIsRefused() throws Exception {
        HostileServer inside = tls("127.0.0.1", (request, out) -> HostileServer.send(out, 200, new byte[0]));
        names.put(NAME, PUBLIC);
        names.put("realm.test", "127.0.0.1");
        HostileServer server = tls(
                PUBLIC,
                (request, out) -> HostileServer.send(
                        out,
                        401,
                        "WWW-Authenticate: Bearer realm=\"" + inside.url("realm.test") + "/token\",service=\"s\""));
        assertThatThrownBy(() -> origin().open(repository(NAME + ":" + server.port()), ContentKind.BLOB, DIGEST, 0))
                .isInstanceOf(OriginException.Forbidden.class)
                .hasMessageContaining("realm.test");
        assertThat(inside.requests()).isEmpty();
    }
}
