package ringpull.swarm;

import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** What a swarm wants done. */
public sealed interface Effect {
    /** Tell a member; {@link Event.Undelivered} if that cannot be done. */
    record Send(MemberId to, Message message) implements Effect {}

    /** The blob's size is known: make room, then {@link Event.Opened}. */
    record Open(Digest digest, long sizeBytes) implements Effect {}

    /**
     * Read a run from the origin, in order; then {@link Event.Landed} for each chunk and {@link Event.Ended}. While the size
     * is not known, {@link Event.Sized} comes first, and the run may reach past the blob's end.
     */
    record ReadOrigin(Digest digest, long read, Run run) implements Effect {}

    /** Read a run from a neighbour, in order; then as above. */
    record ReadMember(Digest digest, long read, MemberId from, Run run) implements Effect {}

    /** Another member takes the end of a read from the origin: stop before this chunk, and it is over whole. */
    record Shorten(Digest digest, long read, int end) implements Effect {}

    /** Give a read up. No event follows. */
    record Cancel(Digest digest, long read) implements Effect {}

    /** Make a statement about a chunk that came from the origin; then {@link Event.Attested}. */
    record Attest(Digest digest, int chunk) implements Effect {}

    /**
     * Compare a chunk with this statement; then {@link Event.Checked}. Without one there is nothing to compare; {@link
     * Event.Unvouched} may follow.
     */
    record Check(Digest digest, int chunk, @Nullable Statement statement) implements Effect {}

    /** Every chunk is here: prove the whole. */
    record Present(Digest digest) implements Effect {}

    /** The swarm cannot bring it, for want of a home or because the origin refuses: go on as if there were none. */
    record Alone(Digest digest, String reason) implements Effect {}
}
