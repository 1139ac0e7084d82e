package ringpull.sim;

import ringpull.ring.Effect;
import ringpull.ring.Message;

/** Hears what happens in a simulation, as it happens. */
public interface Watch {
    /** A question or an answer leaves. */
    default void said(SimNode from, Message message, int bytes) {}

    /** A node sees a member in a new state. */
    default void changed(SimNode viewer, SimNode subject, Effect.Changed changed) {}

    default void started(SimNode node) {}

    /** Crashed, or is through with leaving. */
    default void stopped(SimNode node) {}
}
