package ringpull.blame;

import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** What follows from a fault. */
public sealed interface Ruling {
    /** Read this chunk from this member once more, over TLS, and tell {@link Fault.ReadAgain}. */
    record ReadOverTls(MemberId from, Digest digest, int chunk, boolean proven) implements Ruling {}

    /** The way to a member is bad: it is asked after others until then. */
    record PathLowered(MemberId member, long untilMillis, String reason) implements Ruling {}

    /** A member is asked after others until then. */
    record Lowered(MemberId member, long untilMillis, String reason) implements Ruling {}

    /** A member is neither read from nor believed until then. */
    record Quarantined(MemberId member, long untilMillis, String reason) implements Ruling {}

    /** Nobody is to blame: an origin gave different bytes at different times, or to different members. */
    record OriginInconsistent(Digest digest, String reason) implements Ruling {}
}
