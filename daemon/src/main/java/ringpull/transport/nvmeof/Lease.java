package ringpull.transport.nvmeof;

import java.time.Duration;
import java.util.UUID;
import ringpull.helper.Endpoint;

/**
 * That a holder shows a blob to one reader for some time.
 *
 * @param endpoint where it listens
 * @param namespace under which name
 * @param offset where in the namespace the blob begins; a multiple of {@link Layout#BLOCK_BYTES}
 * @param sizeBytes of the blob
 * @param lifetime from when it was given; asking for the same again makes it anew
 */
public record Lease(Endpoint endpoint, UUID namespace, long offset, long sizeBytes, Duration lifetime) {
    private static final Duration LIFETIME_MAX = Duration.ofHours(1);

    /** @throws IllegalArgumentException if a holder says what no holder may */
    public Lease {
        if (offset < 0
                || offset % Layout.BLOCK_BYTES != 0
                || offset > Layout.LEAD_BYTES
                || sizeBytes < 0
                || sizeBytes > Long.MAX_VALUE / 2
                || !lifetime.isPositive()
                || lifetime.compareTo(LIFETIME_MAX) > 0) {
            throw new IllegalArgumentException(
                    "no lease: " + sizeBytes + " bytes at " + offset + " of a disk for " + lifetime);
        }
    }
}
