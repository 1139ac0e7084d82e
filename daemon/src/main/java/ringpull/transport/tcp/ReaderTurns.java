package ringpull.transport.tcp;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringpull.transport.Pace;

/**
 * Readers take turns at what a {@link Pace} lets pass: a piece of each that waits, one after another, however many
 * connections a reader has. For any thread.
 */
final class ReaderTurns {
    private final Pace pace;
    private final Timer timer;

    /** Pieces that wait: a reader's in their order, and the readers in the order of their turns. */
    private final Map<Object, Deque<Piece>> waiting = new LinkedHashMap<>();

    /** Somebody gives turns: only one does at a time. */
    private boolean giving;

    private record Piece(int bytes, Runnable turn) {}

    /** Runs a task later. */
    @FunctionalInterface
    interface Timer {
        void after(long nanos, Runnable task);
    }

    ReaderTurns(Pace pace, Timer timer) {
        this.pace = pace;
        this.timer = timer;
    }

    /**
     * Asks for a turn.
     *
     * @param turn run when so many bytes may pass: now or on the timer's thread. It does not wait, and does not throw
     */
    void ask(Object reader, int bytes, Runnable turn) {
        if (!pace.isLimited()) {
            turn.run();
            return;
        }
        synchronized (this) {
            waiting.computeIfAbsent(reader, r -> new ArrayDeque<>()).add(new Piece(bytes, turn));
            if (giving) {
                return;
            }
            giving = true;
        }
        give();
    }

    private void give() {
        for (Piece next = next(); next != null; next = next()) {
            long wait = pace.reserve(next.bytes);
            if (wait > 0) {
                Runnable turn = next.turn;
                timer.after(wait, () -> {
                    turn.run();
                    give();
                });
                return;
            }
            next.turn.run();
        }
    }

    /** Who has waited longest for a turn goes behind all others after it. */
    private synchronized @Nullable Piece next() {
        Iterator<Map.Entry<Object, Deque<Piece>>> readers = waiting.entrySet().iterator();
        if (!readers.hasNext()) {
            giving = false;
            return null;
        }
        Map.Entry<Object, Deque<Piece>> first = readers.next();
        Object reader = first.getKey();
        Deque<Piece> pieces = first.getValue();
        readers.remove();
        Piece next = pieces.remove();
        if (!pieces.isEmpty()) {
            waiting.put(reader, pieces);
        }
        return next;
    }
}
