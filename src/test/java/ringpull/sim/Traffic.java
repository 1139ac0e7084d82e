package ringpull.sim;

import java.util.ArrayList;
import java.util.List;

/** Bytes that nodes sent, by second of virtual time; what one sends another receives. */
public final class Traffic {
    private final List<Second> seconds = new ArrayList<>();
    private long messages;
    private long handshakes;

    /**
     * One second.
     *
     * @param bytes of all nodes
     * @param most of the busiest node
     * @param nodes that ran at its end
     */
    public record Second(long bytes, long most, int nodes) {
        public double mean() {
            return nodes == 0 ? 0 : (double) bytes / nodes;
        }
    }

    void message(SimNode from, int bytes) {
        messages++;
        from.sentThisSecond += bytes;
    }

    void handshake(SimNode from, SimNode to, int bytes) {
        handshakes++;
        from.sentThisSecond += bytes / 2;
        to.sentThisSecond += bytes / 2;
    }

    void endOfSecond(List<SimNode> nodes) {
        long bytes = 0;
        long most = 0;
        int running = 0;
        for (SimNode node : nodes) {
            bytes += node.sentThisSecond;
            most = Math.max(most, node.sentThisSecond);
            node.sentThisSecond = 0;
            running += node.running ? 1 : 0;
        }
        seconds.add(new Second(bytes, most, running));
    }

    /** Those that are over. */
    public List<Second> seconds() {
        return seconds;
    }

    public long messages() {
        return messages;
    }

    public long handshakes() {
        return handshakes;
    }
}
