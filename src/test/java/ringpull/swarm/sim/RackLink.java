package ringpull.swarm.sim;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * One direction of the way between a rack and the others. What crosses shares it piece by piece, so that the more streams
 * there are the longer each chunk takes; control messages wait in the same queue, and are lost and sent again as Reno's window
 * law has it where many streams share a short one.
 */
final class RackLink {
    private static final int PIECE_BYTES = 64 << 10;
    private static final long QUEUE = 50 * SwarmSimulation.MILLI;
    private static final int QUEUE_PACKETS = 85;
    private static final double LOSS_MOST = 0.5;
    private static final long RESEND = 200 * SwarmSimulation.MILLI;
    private static final int RESENDS_MOST = 5;

    private final SwarmSimulation simulation;
    private final long bytesPerSecond;
    private final Deque<Crossing> crossings = new ArrayDeque<>();
    private boolean sending;
    private long bytes;

    private static final class Crossing {
        final Runnable moved;
        final Runnable done;
        int left;

        Crossing(int bytes, Runnable moved, Runnable done) {
            this.left = bytes;
            this.moved = moved;
            this.done = done;
        }
    }

    RackLink(SwarmSimulation simulation, long bytesPerSecond) {
        this.simulation = simulation;
        this.bytesPerSecond = bytesPerSecond;
    }

    /** Bytes that crossed. */
    long bytes() {
        return bytes;
    }

    /** @param moved after each piece */
    void carry(int length, Runnable moved, Runnable done) {
        crossings.add(new Crossing(length, moved, done));
        send();
    }

    private void send() {
        if (sending || crossings.isEmpty()) {
            return;
        }
        sending = true;
        Crossing next = crossings.remove();
        int piece = Math.min(PIECE_BYTES, next.left);
        simulation.after(simulation.nanos(piece, bytesPerSecond), () -> {
            sending = false;
            bytes += piece;
            next.left -= piece;
            if (next.left > 0) {
                crossings.add(next);
                next.moved.run();
            } else {
                next.done.run();
            }
            send();
        });
    }

    /** How much longer a control message takes than on an idle link. */
    long messageDelay() {
        int streams = crossings.size() + (sending ? 1 : 0);
        double lost = Math.min(LOSS_MOST, 1.5 * streams * streams / ((double) QUEUE_PACKETS * QUEUE_PACKETS));
        long delay = streams == 0 ? 0 : QUEUE;
        for (int i = 0; i < RESENDS_MOST && simulation.random().nextDouble() < lost; i++) {
            delay += RESEND << i;
        }
        return delay;
    }
}
