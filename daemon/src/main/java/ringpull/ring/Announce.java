package ringpull.ring;

/** Whom a member tells what it holds; the same on all members of a ring. */
public enum Announce {
    /** All members. */
    CLUSTER,
    /** The members of its own zone: where members times blobs is more than each node shall remember. */
    ZONE
}
