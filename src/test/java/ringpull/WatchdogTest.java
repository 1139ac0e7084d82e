package ringpull;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WatchdogTest {
    private static final Duration WITHIN = Duration.ofMillis(300);

    @Test
    void itPingsAfterEachAnswerOfTheMirrorAndNotForErrors() throws IOException, InterruptedException {
        AtomicInteger status = new AtomicInteger(200);
        AtomicInteger answered = new AtomicInteger();
        CountDownLatch asked = new CountDownLatch(3);
        CountDownLatch askedWhileBroken = new CountDownLatch(3);
        HttpServer mirror = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        mirror.createContext("/v2/", exchange -> {
            assertThat(exchange.getRequestHeaders().getFirst("User-Agent")).isEqualTo("ringpull-watchdog");
            int now = status.get();
            if (now == 200) {
                answered.incrementAndGet();
            }
            (now == 200 ? asked : askedWhileBroken).countDown();
            exchange.sendResponseHeaders(now, -1);
            exchange.close();
        });
        mirror.start();
        AtomicInteger pings = new AtomicInteger();
        try (Watchdog watchdog = new Watchdog(mirror.getAddress(), WITHIN, pings::incrementAndGet)) {
            assertThat(watchdog).isNotNull();
            assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(pings).hasPositiveValue();

            status.set(503);
            assertThat(askedWhileBroken.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(pings).hasValueLessThanOrEqualTo(answered.get());
        } finally {
            mirror.stop(0);
        }
    }
}
