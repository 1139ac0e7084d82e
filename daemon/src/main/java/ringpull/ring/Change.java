package ringpull.ring;

import ringpull.blob.Digest;

/**
 * One change of a member's inventory, or one blob of the whole of it.
 *
 * @param version the member's own count of its changes, from 1; 0 in a part of a whole inventory
 * @param blob the fingerprint of the blob's digest
 * @param sizeBytes of the blob, or {@link #REMOVED}
 */
public record Change(long version, long blob, long sizeBytes) {
    /** The size that says: no longer held. */
    public static final long REMOVED = -1;

    /** An upper bound of a change's encoded size in bytes. */
    static final int WEIGHT = 20;

    public Change {
        Limits.within(version, Limits.COUNTER, "versions");
        Limits.require(sizeBytes >= REMOVED && sizeBytes <= Limits.COUNTER, "an inventory change");
    }

    public Change(long version, Digest digest, long sizeBytes) {
        this(version, Fingerprint.of(digest), sizeBytes);
    }

    boolean removed() {
        return sizeBytes == REMOVED;
    }
}
