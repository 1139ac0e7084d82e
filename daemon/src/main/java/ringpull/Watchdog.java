package ringpull;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd that the daemon lives, but only after a real request was answered through the mirror's own listener: a
 * process that runs and does not answer is restarted.
 */
final class Watchdog implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Watchdog.class);

    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("watchdog").factory());
    private final InetSocketAddress mirror;
    private final Duration within;
    private final Runnable ping;

    /**
     * Starts to ask.
     *
     * @param within how long systemd waits for a ping; it is asked three times as often
     */
    Watchdog(InetSocketAddress mirror, Duration within, Runnable ping) {
        this.mirror = mirror;
        this.within = within;
        this.ping = ping;
        long period = within.toMillis() / 3;
        var _ = thread.scheduleWithFixedDelay(this::ask, 0, period, TimeUnit.MILLISECONDS);
    }

    private void ask() {
        try {
            if (answers()) {
                ping.run();
            }
        } catch (IOException e) {
            log.error("the mirror at {} does not answer: {}", mirror, e.toString());
        }
    }

    private boolean answers() throws IOException {
        String host = mirror.getAddress().getHostAddress();
        URI uri = URI.create(
                "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + mirror.getPort() + "/v2/");
        HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
        int limit = (int) (within.toMillis() / 3);
        connection.setConnectTimeout(limit);
        connection.setReadTimeout(limit);
        connection.setRequestProperty("User-Agent", "ringpull-watchdog");
        connection.setRequestProperty("Connection", "close");
        try (InputStream body = connection.getInputStream()) {
            body.readAllBytes();
            return connection.getResponseCode() == 200;
        } finally {
            connection.disconnect();
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
