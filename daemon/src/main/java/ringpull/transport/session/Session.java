package ringpull.transport.session;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * What lets one member read another's blobs in plain text; each transport's wire format says how. Its text form has no secret.
 *
 * @param id names it, in hex digits; not secret
 * @param secret known to these two alone
 * @param lifetime from when it was made
 * @param rdma where its holder serves blobs over RDMA, best first; empty: nowhere
 */
public record Session(String id, SecretKey secret, Duration lifetime, List<InetSocketAddress> rdma) {
    /** Of the proofs that are made with the secret. */
    public static final String ALGORITHM = "HmacSHA256";

    public static final int ID_BYTES = 16;
    static final int SECRET_BYTES = 32;

    /** Longer than any holder gives; what claims more is not believed. */
    private static final Duration LIFETIME_MAX = Duration.ofDays(1);

    /** More interfaces than a node uses at a time. */
    public static final int RDMA_MAX = 8;

    /** @throws IllegalArgumentException if it names too many places */
    public Session {
        rdma = List.copyOf(rdma);
        if (rdma.size() > RDMA_MAX) {
            throw new IllegalArgumentException(rdma.size() + " places for RDMA are too many");
        }
    }

    /** The same, which its holder also takes at these places over RDMA. */
    public Session at(List<InetSocketAddress> places) {
        return new Session(id, secret, lifetime, places);
    }

    /**
     * As it came from the other member.
     *
     * @throws IllegalArgumentException if a part is not of its length, or the lifetime is none
     */
    public static Session of(byte[] id, byte[] secret, Duration lifetime) {
        if (id.length != ID_BYTES
                || secret.length != SECRET_BYTES
                || !lifetime.isPositive()
                || lifetime.compareTo(LIFETIME_MAX) > 0) {
            throw new IllegalArgumentException(
                    "a session of " + id.length + " and " + secret.length + " bytes for " + lifetime + " is none");
        }
        return new Session(HexFormat.of().formatHex(id), new SecretKeySpec(secret, ALGORITHM), lifetime, List.of());
    }

    @Override
    public String toString() {
        return "session " + id;
    }
}
