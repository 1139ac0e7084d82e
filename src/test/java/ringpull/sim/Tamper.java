package ringpull.sim;

import java.util.List;
import ringpull.ring.Effect;
import ringpull.ring.Event;

/** Stands between the rings and all else, and may falsify what passes: so a ring behaves as one that is broken would. */
interface Tamper {
    Tamper NONE = new Tamper() {};

    /** What the node's ring is told in place of what happened. */
    default List<Event> told(SimNode node, Event event) {
        return List.of(event);
    }

    /** What is done in place of what the node's ring wants. */
    default List<Effect> done(SimNode node, List<Effect> effects) {
        return effects;
    }
}
