package ringpull.origin.oci;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;

/**
 * What requests take from outside; tests bring their own.
 *
 * @param names name to addresses; blocks
 * @param publicAddress which addresses a registry may have that the configuration does not name
 * @param systemTrust authorities where a registry brings none
 */
record Surroundings(
        InstantSource clock,
        Pause pause,
        Names names,
        Predicate<InetAddress> publicAddress,
        SSLContext systemTrust,
        Timeouts timeouts) {

    static Surroundings real() {
        try {
            return new Surroundings(
                    InstantSource.system(),
                    Thread::sleep,
                    host -> List.of(InetAddress.getAllByName(host)),
                    PublicAddress::test,
                    SSLContext.getDefault(),
                    Timeouts.DEFAULT);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no TLS", e);
        }
    }

    interface Pause {
        void sleep(Duration duration) throws InterruptedException;
    }

    interface Names {
        List<InetAddress> resolve(String host) throws UnknownHostException;
    }

    /**
     * @param name until a name is resolved
     * @param connect until one address has answered, and again for the TLS handshake
     * @param silence without a byte
     * @param headers for all of a request up to its body, and again for a small body
     * @param pool until a connection is free
     * @param floor the least that a body brings, or its endpoint is left for the next one
     */
    record Timeouts(Duration name, Duration connect, Duration silence, Duration headers, Duration pool, Floor floor) {
        static final Timeouts DEFAULT = new Timeouts(
                Duration.ofSeconds(5),
                Duration.ofSeconds(5),
                Duration.ofSeconds(20),
                Duration.ofSeconds(30),
                Duration.ofSeconds(10),
                new Floor(1 << 20, Duration.ofSeconds(60)));
    }

    /**
     * A rate that every window of waiting must reach; time in which nobody reads does not count. One MiB a minute by
     * default: a body that drips for hours would hold a fetch and all its clients.
     */
    record Floor(long bytes, Duration window) {}
}
