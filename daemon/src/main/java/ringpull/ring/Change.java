package ringpull.ring;

import ringpull.blob.Digest;

/**
 * One change of a member's inventory.
 *
 * @param version the member's own count of its changes, from 1
 * @param sizeBytes of the blob, or {@link #REMOVED}
 */
public record Change(long version, Digest digest, long sizeBytes) {
    /** The size that says: no longer held. */
    public static final long REMOVED = -1;

    /** An upper bound of a change's encoded size in bytes. */
    static final int WEIGHT = 56;

    public Change {
        Limits.within(version, Limits.COUNTER, "versions");
        Limits.require(version > 0 && sizeBytes >= REMOVED && sizeBytes <= Limits.COUNTER, "an inventory change");
    }

    boolean removed() {
        return sizeBytes == REMOVED;
    }
}
