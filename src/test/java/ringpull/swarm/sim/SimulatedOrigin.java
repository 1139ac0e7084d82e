package ringpull.swarm.sim;

import java.util.ArrayDeque;
import java.util.Deque;
import ringpull.blob.Chunk;
import ringpull.swarm.Event;
import ringpull.swarm.Run;

/** The origin: one link, shared by its streams piece by piece; it can be out of order. */
public final class SimulatedOrigin {
    private static final int PIECE_BYTES = 256 << 10;

    private final SwarmSimulation simulation;
    private final Deque<Stream> streams = new ArrayDeque<>();
    private boolean sending;
    private long egress;
    private long requests;
    private int open;
    private int openMost;

    private double busyShare;
    private long cutBytes;
    private boolean refuses;

    private static final class Stream {
        final SimulatedNode reader;
        final long read;
        final int life;
        long offset;
        long end;
        long sent;

        Stream(SimulatedNode reader, long read, long offset, long end) {
            this.reader = reader;
            this.read = read;
            this.life = reader.life;
            this.offset = offset;
            this.end = end;
        }

        boolean over() {
            return !reader.reading(read) || reader.life != life;
        }
    }

    SimulatedOrigin(SwarmSimulation simulation) {
        this.simulation = simulation;
    }

    /** From now on it answers this share of requests with 503 or 429. */
    public void busyShare(double share) {
        busyShare = share;
    }

    /** From now on it cuts every connection after so many bytes. */
    public void cutBytes(long bytes) {
        cutBytes = bytes;
    }

    public void refuse() {
        refuses = true;
    }

    public long egress() {
        return egress;
    }

    public long requests() {
        return requests;
    }

    /** Streams at the same time: the most. */
    public int openMost() {
        return openMost;
    }

    void read(SimulatedNode reader, long read, Run run) {
        requests++;
        long connect = 2 * simulation.rtt();
        simulation.after(connect, () -> opened(reader, read, run));
    }

    private void opened(SimulatedNode reader, long read, Run run) {
        if (!reader.reading(read)) {
            return;
        }
        if (refuses) {
            reader.happen(reader.ended(read, Event.Outcome.REFUSED, 0));
        } else if (simulation.random().nextDouble() < busyShare) {
            boolean says = simulation.random().nextBoolean();
            reader.happen(reader.ended(read, Event.Outcome.BUSY, says ? SwarmSimulation.SECOND : 0));
        } else {
            reader.happen(new Event.Sized(simulation.digest(), simulation.bytes()));
            long offset = (long) run.first() * Chunk.SIZE_BYTES + reader.partOf(run.first());
            long end = Math.min((long) run.end() * Chunk.SIZE_BYTES, simulation.bytes());
            open++;
            openMost = Math.max(openMost, open);
            streams.add(new Stream(reader, read, offset, end));
            send();
        }
    }

    private void send() {
        Stream stream = streams.poll();
        while (stream != null && stream.over()) {
            open--;
            stream = streams.poll();
        }
        if (sending || stream == null) {
            if (stream != null) {
                streams.addFirst(stream);
            }
            return;
        }
        sending = true;
        Stream next = stream;
        int length = (int) Math.min(PIECE_BYTES, Math.min(next.end, next.reader.endOf(next.read)) - next.offset);
        if (cutBytes > 0) {
            length = (int) Math.min(length, cutBytes - next.sent);
        }
        int piece = Math.max(0, length);
        egress += piece;
        long took = simulation.nanos(piece, simulation.scenario().originBytes());
        long begun = simulation.now() + simulation.rtt() / 2;
        simulation.after(took, () -> {
            sending = false;
            simulation.links().carryFromOrigin(next.reader, piece, () -> {
                sent(next, piece, begun);
                send();
            });
            send();
        });
    }

    private void sent(Stream stream, int piece, long begun) {
        long offset = stream.offset;
        stream.offset += piece;
        stream.sent += piece;
        boolean done = stream.offset >= Math.min(stream.end, stream.reader.endOf(stream.read));
        boolean cut = !done && cutBytes > 0 && stream.sent >= cutBytes;
        if (done || cut) {
            open--;
        } else {
            streams.add(stream);
        }
        stream.reader.receive(piece, begun, simulation.now() + simulation.rtt() / 2, () -> {
            if (!stream.over()) {
                stream.reader.originBytes(stream.read, offset, piece);
                if (done || cut) {
                    stream.reader.happen(
                            stream.reader.ended(stream.read, done ? Event.Outcome.DONE : Event.Outcome.CUT, 0));
                }
            }
        });
    }
}
