package ringpull.os;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd how the service is, as {@code sd_notify(3)} does. Without {@code NOTIFY_SOCKET} every call does nothing. A
 * message that cannot be sent is a log line, never an exception: the service matters more than its report. Any thread.
 */
public final class Systemd {
    private static final Logger log = LoggerFactory.getLogger(Systemd.class);
    private static final int MAX_STATUS = 512;
    /** {@code sun_path} without a final zero, which datagram addresses do not need. */
    private static final int MAX_ADDRESS = 108;

    private final byte[] address;
    private final Optional<Duration> watchdog;

    /** @param environment as systemd sets it; usually {@link System#getenv()} */
    public Systemd(Map<String, String> environment) {
        address = address(environment.getOrDefault("NOTIFY_SOCKET", ""));
        watchdog = watchdog(environment);
    }

    /** Start is over: the ports answer. */
    public void ready(String status) {
        send("READY=1\nSTATUS=" + line(status));
    }

    /** Shutdown has begun. */
    public void stopping(String status) {
        send("STOPPING=1\nSTATUS=" + line(status));
    }

    /** What {@code systemctl status} shows. */
    public void status(String status) {
        send("STATUS=" + line(status));
    }

    /** Still well; due before {@link #watchdogTimeout} has passed since the last one, best at half of it. */
    public void watchdog() {
        if (watchdog.isPresent()) {
            send("WATCHDOG=1");
        }
    }

    /** After how long without {@link #watchdog()} systemd kills this process; empty if it never does. */
    public Optional<Duration> watchdogTimeout() {
        return watchdog;
    }

    private static Optional<Duration> watchdog(Map<String, String> environment) {
        String pid = environment.get("WATCHDOG_PID");
        if (pid != null && !pid.equals(Long.toString(ProcessHandle.current().pid()))) {
            return Optional.empty();
        }
        try {
            long microseconds = Long.parseLong(environment.getOrDefault("WATCHDOG_USEC", "0"));
            return microseconds > 0
                    ? Optional.of(Duration.ofNanos(Math.multiplyExact(microseconds, 1000)))
                    : Optional.empty();
        } catch (ArithmeticException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** A path, or {@code @name} in the abstract namespace, whose first byte is zero for the kernel. */
    private static byte[] address(String socket) {
        byte[] bytes = socket.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0) {
            return bytes;
        }
        if ((bytes[0] != '/' && bytes[0] != '@') || bytes.length > MAX_ADDRESS) {
            log.warn("NOTIFY_SOCKET={} is neither a path nor an abstract name: systemd is not notified", socket);
            return new byte[0];
        }
        if (bytes[0] == '@') {
            bytes[0] = 0;
        }
        return bytes;
    }

    private static String line(String status) {
        String line = status.replace('\n', ' ');
        return line.length() <= MAX_STATUS ? line : line.substring(0, MAX_STATUS);
    }

    /** The JDK has no datagrams over Unix sockets; the epoll library, loaded for the ports anyway, has. */
    private void send(String message) {
        if (address.length == 0) {
            return;
        }
        if (!Epoll.isAvailable()) {
            log.warn("systemd is not notified: no epoll library for this platform", Epoll.unavailabilityCause());
            return;
        }
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).put(bytes);
        Socket socket = Socket.newSocketDomainDgram();
        try {
            // Netty makes its sockets non-blocking; systemd's queue is full only when systemd itself hangs.
            int sent = socket.sendToDomainSocket(buffer, 0, bytes.length, address);
            if (sent != bytes.length) {
                log.warn("systemd did not take \"{}\": its queue is full", message);
            }
        } catch (IOException e) {
            log.warn("systemd could not be told \"{}\": {}", message, e.toString());
        } finally {
            close(socket);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            log.debug("closing the notification socket", e);
        }
    }
}
