package ringpull.sim;

import ringpull.ring.Effect;
import ringpull.ring.Event;
import ringpull.ring.Message;
import ringpull.ring.wire.WireLimits;

/** A question on its way, and its answer. */
final class Exchange {
    private static final int REFUSAL_BYTES = 100;

    private final RingSimulation simulation;
    private final long number;
    private final SimNode asker;
    private final int askerLife;
    private final long call;
    private final SimNode asked;
    private boolean over;

    Exchange(RingSimulation simulation, long number, SimNode asker, long call, SimNode asked) {
        this.simulation = simulation;
        this.number = number;
        this.asker = asker;
        this.call = call;
        this.asked = asked;
        askerLife = asker.life();
    }

    void start(Effect.Call effect, int bytes) {
        long now = simulation.now();
        simulation.at(now + effect.timeoutNanos(), this::timeOut);
        boolean refused =
                (!asked.running && !asked.silent) || simulation.network().isDeaf(asked);
        if (refused && simulation.network().passes(asker, asked)) {
            asker.connections.discard(asked);
            simulation.at(now + 2 * simulation.network().latency(), () -> end(failed("connection refused")));
            return;
        }
        long connected = (asked.running && !asked.paused) || asker.connections.use(asked, now)
                ? simulation.network().connect(asker, asked, now)
                : Network.NEVER;
        if (connected == Network.NEVER) {
            return;
        }
        long arrives = simulation.network().send(asker, asked, bytes, connected);
        if (arrives != Network.NEVER) {
            int life = asked.life();
            Message message = effect.message();
            simulation.at(arrives, () -> arrive(life, message));
        }
    }

    private void arrive(int life, Message message) {
        if (over || !asked.running || asked.life() != life) {
            return;
        }
        if (asked.questions.size() >= WireLimits.QUESTIONS) {
            refuse("this daemon is busy");
            return;
        }
        asked.questions.put(number, this);
        asked.give(life, new Event.Asked(number, message));
    }

    void answer(Message message, int bytes) {
        reply(new Event.Answered(call, message), bytes);
    }

    void refuse(String reason) {
        reply(failed(reason), REFUSAL_BYTES);
    }

    private void reply(Event event, int bytes) {
        asked.questions.remove(number);
        if (over) {
            return;
        }
        long arrives = simulation.network().send(asked, asker, bytes, simulation.now());
        if (arrives != Network.NEVER) {
            simulation.at(arrives, () -> end(event));
        }
    }

    private Event failed(String reason) {
        return new Event.Failed(call, reason);
    }

    private void timeOut() {
        if (!over) {
            asked.questions.remove(number);
            asker.connections.discard(asked);
            end(failed("no answer in time"));
        }
    }

    private void end(Event event) {
        if (!over) {
            over = true;
            asker.give(askerLife, event);
        }
    }
}
