package ringpull.ring;

import java.util.ArrayList;
import java.util.List;

/** Effects of the current turn. */
final class Outbox {
    private List<Effect> effects = new ArrayList<>();

    void add(Effect effect) {
        effects.add(effect);
    }

    List<Effect> drain() {
        List<Effect> drained = effects;
        effects = new ArrayList<>();
        return drained;
    }
}
