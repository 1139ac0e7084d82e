package ringpull.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringpull.config.Config;

class HostAddressTest {
    private static final List<HostInterface> HOST = List.of(
            on("lo", "127.0.0.1"),
            on("lo", "::1"),
            new HostInterface("docker0", InetAddress.ofLiteral("10.200.0.1"), true),
            new HostInterface("br0", InetAddress.ofLiteral("10.3.0.7"), true),
            on("eth0", "fe80::1"),
            on("eth0", "fd00::7"),
            on("eth0", "10.1.0.7"),
            on("eth1", "169.254.3.4"));

    @ParameterizedTest
    @CsvSource({
        "10.1.0.7, 10.1.0.7",
        "fd00::7, fd00:0:0:0:0:0:0:7",
        "eth0, 10.1.0.7",
        "br0, 10.3.0.7",
        "lo, 127.0.0.1",
        "10.1.0.0/16, 10.1.0.7",
        "10.0.0.0/8, 10.1.0.7",
        "fd00::/8, fd00:0:0:0:0:0:0:7",
        "10.3.0.7, 10.3.0.7"
    })
    void takesAddressInterfaceOrNetwork(String text, String expected) throws HostAddress.Unusable {
        HostAddress chosen = HostAddress.choose(peer(text, true), seeds(), HOST);

        assertThat(chosen.address().getHostAddress()).isEqualTo(expected);
        assertThat(chosen.warning()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "10.1.0.8, is no address of this host",
        "0.0.0.0, is no address of this host",
        "eth7, 'is no IP address, CIDR, or interface'",
        "eth1, has link-local addresses only",
        "10.3.0.0/16, holds no address of this host",
        "169.254.0.0/16, holds no address of this host",
        "10.0.0.0/33, 'is no IP address, CIDR, or interface'",
        "10.0.0.0/x, 'is no IP address, CIDR, or interface'",
        "gpu-17.example, 'is no IP address, CIDR, or interface'"
    })
    void refusesAndListsWhatThereIs(String text, String problem) {
        assertThatThrownBy(() -> HostAddress.choose(peer(text, true), seeds(), HOST))
                .isInstanceOf(HostAddress.Unusable.class)
                .hasMessageContaining("\"" + text + "\" " + problem)
                .hasMessageContaining("10.1.0.7 on eth0")
                .hasMessageContaining("10.200.0.1 on docker0 (a bridge)")
                .hasMessageContaining("169.254.3.4 on eth1 (link-local)");
    }

    @Test
    void isLoopbackWithoutSeedsAndForLoopbackSeeds() throws HostAddress.Unusable {
        assertThat(HostAddress.choose(peer("", false), seeds(), HOST).address().isLoopbackAddress())
                .isTrue();
        assertThat(HostAddress.choose(peer("", false), seeds("127.0.0.1:7746"), HOST))
                .isEqualTo(new HostAddress(InetAddress.ofLiteral("127.0.0.1"), Optional.empty()));
        assertThat(HostAddress.choose(peer("", false), seeds("[::1]:7746"), HOST)
                        .address())
                .isEqualTo(InetAddress.ofLiteral("::1"));
    }

    @Test
    void neverLeavesLoopbackWithoutCertificatesUnlessToldTo() throws HostAddress.Unusable {
        assertThatThrownBy(() -> HostAddress.choose(peer("eth0", false), seeds(), HOST))
                .hasMessageContaining("set [peer] cert, key, ca, or [peer] insecure = true");

        Config.Tls tls = new Config.Tls(Path.of("/c"), Path.of("/k"), Path.of("/ca"));
        Config.Peer withTls =
                new Config.Peer(Optional.of("eth0"), 0, 0, Optional.of(tls), false, Config.Data.TLS, Config.Io.AUTO);
        assertThat(HostAddress.choose(withTls, seeds(), HOST).address()).isEqualTo(InetAddress.ofLiteral("10.1.0.7"));
    }

    @Test
    void theRouteToTheFirstSeedDecides() throws HostAddress.Unusable, SocketException {
        // This host's own address stands for a seed: its route leaves from itself.
        Optional<HostInterface> own =
                HostInterface.all().stream().filter(HostInterface::reachable).findFirst();
        assumeTrue(own.isPresent(), "this host has loopback addresses only");
        InetAddress address = own.get().address();
        String literal = address.getHostAddress();
        String seed = literal.contains(":") ? "[" + literal + "]:1" : literal;

        assertThat(HostAddress.choose(peer("", true), seeds("name.invalid", seed)))
                .isEqualTo(new HostAddress(address, Optional.empty()));

        HostAddress closed = HostAddress.choose(peer("", false), seeds(seed));
        assertThat(closed.address().isLoopbackAddress()).isTrue();
        assertThat(closed.warning()).hasValueSatisfying(text -> assertThat(text).contains("stay on loopback", literal));

        List<HostInterface> asBridge = List.of(new HostInterface("virbr0", address, true));
        assertThatThrownBy(() -> HostAddress.choose(peer("", true), seeds(seed), asBridge))
                .isInstanceOf(HostAddress.Unusable.class)
                .hasMessageContaining("a bridge")
                .hasMessageContaining("name one in [peer] address");
    }

    @Test
    void thisHostHasLoopback() throws SocketException {
        assertThat(HostInterface.all()).contains(new HostInterface("lo", InetAddress.ofLiteral("127.0.0.1"), false));
    }

    private static HostInterface on(String name, String address) {
        return new HostInterface(name, InetAddress.ofLiteral(address), false);
    }

    private static Config.Peer peer(String address, boolean insecure) {
        Optional<String> configured = address.isEmpty() ? Optional.empty() : Optional.of(address);
        return new Config.Peer(configured, 7746, 7747, Optional.empty(), insecure, Config.Data.TLS, Config.Io.AUTO);
    }

    private static Config.Ring seeds(String... seeds) {
        return new Config.Ring("default", List.of(seeds));
    }
}
