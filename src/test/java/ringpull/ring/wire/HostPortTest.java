package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.ring.Address;

class HostPortTest {
    @ParameterizedTest
    @CsvSource({
        "node1, node1, 7746",
        "node1.example:99, node1.example, 99",
        "10.0.0.1:7000, 10.0.0.1, 7000",
        "10.0.0.1, 10.0.0.1, 7746",
        "[::1]:80, ::1, 80",
        "[::1], ::1, 7746",
        "fd00::5, fd00::5, 7746"
    })
    void seedsAreWrittenInSeveralWays(String text, String host, int port) {
        assertThat(HostPort.parse(text)).isEqualTo(new HostPort(host, port));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", " ", ":80", "host:", "host:0", "host:65536", "host:x", "[::1", "[::1]x", "[]:80", "host:-1"})
    void whatIsNoSeedIsNamed(String text) {
        assertThatThrownBy(() -> HostPort.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[ring] seeds")
                .hasMessageContaining("'" + text + "'");
    }

    @Test
    void anAddressStandsForItself() throws UnknownHostException {
        assertThat(HostPort.parse("[::1]:80").resolve()).containsExactly(new Address("::1", 80));
        assertThat(HostPort.parse("127.0.0.1:80").resolve()).containsExactly(new Address("127.0.0.1", 80));
    }

    @ParameterizedTest
    @CsvSource({
        "0:0:0:0:0:0:0:1, '[::1]:7'",
        "FD00:0:0:0:1:0:0:2, '[fd00::1:0:0:2]:7'",
        "2001:db8::, '[2001:db8::]:7'",
        "10.0.0.1, 10.0.0.1:7"
    })
    void anAddressIsAlwaysWrittenTheSameWay(String literal, String text) {
        assertThat(new Address(literal, 7)).hasToString(text).isEqualTo(HostPortTest.again(new Address(literal, 7)));
    }

    private static Address again(Address address) {
        return new Address(address.host(), address.port());
    }
}
