package ringpull.scrub;

import ringpull.blob.Digest;

/**
 * What came of proving one stored blob again.
 *
 * @param damagedChunks how many did not hold; of a blob without a ladder all of them count
 * @param note what becomes of a damaged blob, or why it could not be read; else empty
 */
public record Verified(Digest digest, long sizeBytes, Outcome outcome, int damagedChunks, String note) {
    /** How it ended. */
    public enum Outcome {
        SOUND,
        /** It has left the inventory. */
        DAMAGED,
        FAILED,
        /** It went meanwhile, or never was here. */
        GONE
    }
}
