package ringpull.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PortOwnerTest {
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1", "0.0.0.0"})
    void namesTheProcessThatListens(String address) throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral(address))) {
            port = socket.getLocalPort();
            assertThat(PortOwner.of(port))
                    .hasValue("pid " + ProcessHandle.current().pid() + " (java)");
        }
        assertThat(PortOwner.of(port)).isEmpty();
    }

    @Test
    void namesTheUserWhereTheProcessIsHidden(@TempDir Path proc) throws IOException {
        Files.createDirectories(proc.resolve("net"));
        Files.writeString(proc.resolve("net/tcp"), """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1E41 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 4711 1 0 100 0
               1: 0100007F:1E42 0100007F:1E41 01 00000000:00000000 00:00000000 00000000    34        0 4712 1 0 100 0
            garbage
            """);

        assertThat(PortOwner.of(proc, 0x1E41)).hasValue("a process of uid 33");
        assertThat(PortOwner.of(proc, 0x1E42)).as("a connection is no listener").isEmpty();
        assertThat(PortOwner.of(proc.resolve("none"), 0x1E41)).isEmpty();
    }
}
