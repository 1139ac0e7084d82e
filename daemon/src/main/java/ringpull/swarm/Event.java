package ringpull.swarm;

import java.util.List;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** What happens to a swarm. */
public sealed interface Event {
    /** Time has passed; wanted every 20 ms while {@link Swarm#busy}. */
    record Tick() implements Event {}

    /**
     * This node wants a blob.
     *
     * @param source {@code registry/repository}, or empty if only members can have it
     * @param sizeBytes -1 if not known
     * @param holders members that have all of it
     */
    record Start(Digest digest, String source, long sizeBytes, List<MemberId> holders) implements Event {}

    /** The bytes can come: the file is open, and these runs of an earlier life are in it, unattested. */
    record Opened(Digest digest, List<Run> present) implements Event {}

    /** This node does not want it any more. */
    record Stop(Digest digest) implements Event {}

    /** The origin said how large it is. */
    record Sized(Digest digest, long sizeBytes) implements Event {}

    /** Bytes of a read arrive. */
    record Moved(Digest digest, long read) implements Event {}

    /** A whole chunk is on this node: <em>received</em>. {@link Effect.Attest} or {@link Effect.Check} follows. */
    record Landed(Digest digest, long read, int chunk) implements Event {}

    /** A chunk from the origin is <em>attested</em> by this member's own statement. */
    record Attested(Digest digest, Statement statement) implements Event {}

    /** A chunk from a neighbour was compared with its statement. */
    record Checked(Digest digest, int chunk, boolean good) implements Event {}

    /** A chunk from a neighbour is here, and no statement that counts is about it: it is not passed on. */
    record Unvouched(Digest digest, int chunk) implements Event {}

    /** A member is not to be read from any more. */
    record Shunned(MemberId member) implements Event {}

    /** A read is over, whole or not; its chunks have landed before. */
    record Ended(Digest digest, long read, Outcome outcome, long pauseNanos) implements Event {}

    /** Every chunk is <em>proven</em>. */
    record Proven(Digest digest) implements Event {}

    record Received(MemberId from, Message message) implements Event {}

    /** A message did not reach a member. */
    record Undelivered(MemberId to) implements Event {}

    /** The ring says that a member is gone. */
    record Down(MemberId member) implements Event {}

    /** How a read ended. */
    enum Outcome {
        DONE,
        /** It broke off, or could not be made: the same may work again. */
        CUT,
        /** The other side is overloaded and said for how long. */
        BUSY,
        /** The other side does not have it. */
        NOT_HELD,
        /** The origin refuses for good. */
        REFUSED
    }
}
