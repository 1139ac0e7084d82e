package ringpull.tls;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes certificates that change while the daemon runs, and says once a day in the log what is wrong with them. */
public final class CertificateWatch implements AutoCloseable {
    /** Files that have changed are taken after one to two of these. */
    static final Duration PERIOD = Duration.ofSeconds(2);

    private static final Duration TOLD_EVERY = Duration.ofDays(1);
    private static final Logger log = LoggerFactory.getLogger(CertificateWatch.class);

    private final PeerTls tls;
    private final InstantSource clock;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("certificates").factory());
    private Instant toldAt = Instant.MIN;

    private CertificateWatch(PeerTls tls, InstantSource clock) {
        this.tls = tls;
        this.clock = clock;
    }

    public static CertificateWatch start(PeerTls tls, InstantSource clock) {
        CertificateWatch watch = new CertificateWatch(tls, clock);
        var _ = watch.thread.scheduleWithFixedDelay(watch::look, 0, PERIOD.toMillis(), TimeUnit.MILLISECONDS);
        return watch;
    }

    private void look() {
        try {
            tls.refresh();
            tell();
        } catch (RuntimeException e) {
            log.error("the certificates could not be looked at", e);
        }
    }

    private void tell() {
        Instant now = clock.instant();
        if (toldAt.plus(TOLD_EVERY).isAfter(now)) {
            return;
        }
        for (String problem : tls.problems(now)) {
            log.warn("{}", problem);
            toldAt = now;
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
