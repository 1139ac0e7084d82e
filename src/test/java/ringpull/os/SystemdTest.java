package ringpull.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a real datagram socket in systemd's place. */
class SystemdTest {
    private static final String PID = Long.toString(ProcessHandle.current().pid());

    @Test
    void speaksToASocketInTheFileSystem(@TempDir Path directory) throws IOException {
        tells(
                directory.resolve("notify").toString(),
                directory.resolve("notify").toString());
    }

    @Test
    void speaksToAnAbstractSocket() throws IOException {
        String name = "ringpull-test-" + PID;
        tells("@" + name, "\0" + name);
    }

    private static void tells(String environment, String bound) throws IOException {
        assertThat(Epoll.isAvailable()).isTrue();
        Socket receiver = Socket.newSocketDomainDgram();
        try {
            receiver.bind(new DomainSocketAddress(bound));
            Systemd systemd =
                    new Systemd(Map.of("NOTIFY_SOCKET", environment, "WATCHDOG_USEC", "30000000", "WATCHDOG_PID", PID));

            systemd.ready("serving\non 7745");
            assertThat(receive(receiver)).isEqualTo("READY=1\nSTATUS=serving on 7745");
            systemd.watchdog();
            assertThat(receive(receiver)).isEqualTo("WATCHDOG=1");
            systemd.status("3 members");
            assertThat(receive(receiver)).isEqualTo("STATUS=3 members");
            systemd.stopping("finishing 2 answers");
            assertThat(receive(receiver)).isEqualTo("STOPPING=1\nSTATUS=finishing 2 answers");
        } finally {
            receiver.close();
        }
    }

    /** A datagram over a Unix socket is there as soon as its sender has returned. */
    private static String receive(Socket socket) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(1024);
        int received = socket.recv(buffer, 0, buffer.capacity());
        byte[] bytes = new byte[Math.max(0, received)];
        buffer.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void knowsTheWatchdogMeantForThisProcess() {
        assertThat(new Systemd(Map.of("WATCHDOG_USEC", "30000000")).watchdogTimeout())
                .hasValue(Duration.ofSeconds(30));
        assertThat(new Systemd(Map.of("WATCHDOG_USEC", "30000000", "WATCHDOG_PID", PID)).watchdogTimeout())
                .hasValue(Duration.ofSeconds(30));
        assertThat(new Systemd(Map.of("WATCHDOG_USEC", "30000000", "WATCHDOG_PID", "1")).watchdogTimeout())
                .isEmpty();
        assertThat(new Systemd(Map.of("WATCHDOG_USEC", "soon")).watchdogTimeout())
                .isEmpty();
        assertThat(new Systemd(Map.of("WATCHDOG_USEC", "9223372036854775807")).watchdogTimeout())
                .isEmpty();
        assertThat(new Systemd(Map.of()).watchdogTimeout()).isEmpty();
    }

    @Test
    void neverThrowsWhenNobodyListens(@TempDir Path directory) {
        for (String socket :
                new String[] {"", "vsock:2:1", directory.resolve("none").toString(), "/" + "x".repeat(200)}) {
            assertThatCode(() -> new Systemd(Map.of("NOTIFY_SOCKET", socket)).ready(""))
                    .doesNotThrowAnyException();
        }
        assertThatCode(() -> new Systemd(Map.of()).stopping("")).doesNotThrowAnyException();
    }
}
