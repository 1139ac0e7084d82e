package ringpull.ring;

import java.util.List;
import ringpull.blob.Digest;

/** What happens to a ring. */
public sealed interface Event {
    /** Time has passed; wanted about ten times a second. */
    record Tick() implements Event {}

    /** A member asks; {@code exchange} names the question until it is answered or refused. */
    record Asked(long exchange, Message message) implements Event {}

    /** The answer to {@link Effect.Call}. */
    record Answered(long call, Message message) implements Event {}

    /** A call had no answer in time, or could not be made. */
    record Failed(long call, String reason) implements Event {}

    /**
     * The addresses of a seed.
     *
     * @param problem why there are none
     */
    record Resolved(String seed, List<Address> addresses, String problem) implements Event {
        public Resolved {
            addresses = List.copyOf(addresses);
        }
    }

    /**
     * The outcome of {@link Effect.DialBack}.
     *
     * @param problem empty if all ports answered
     */
    record Dialled(long dial, String problem) implements Event {}

    /** This node now has the blob, proven and complete. */
    record Held(Digest digest, long sizeBytes) implements Event {}

    /** This node no longer has the blob. */
    record Dropped(Digest digest) implements Event {}

    /** This node stops: tell some members. */
    record Leave() implements Event {}
}
