package ringpull.fetch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import ringpull.blame.Statements;
import ringpull.blob.Digest;
import ringpull.swarm.Event;
import ringpull.swarm.Run;
import ringpull.swarm.Statement;
import ringpull.swarm.SwarmLimits;

/**
 * Makes statements about what this node read from an origin: about one chunk at once, and about runs where chunks come
 * quicker than statements are to be made, since every member of the swarm checks each signature. Safe for many threads.
 */
final class Attesting {
    /** Between two statements about a blob. */
    private static final long PAUSE_MILLIS = 50;

    private final Digest digest;
    private final SwarmPull pull;
    private final Statements statements;
    private final Queue<Chunk> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean running = new AtomicBoolean();

    /** A chunk that came from an origin. */
    record Chunk(int index, Digest hash, Source source) {}

    /** Where a chunk came from, and whether that proved who it is. */
    record Source(String endpoint, boolean authentic) {}

    Attesting(Digest digest, SwarmPull pull, Statements statements) {
        this.digest = digest;
        this.pull = pull;
        this.statements = statements;
    }

    /** Adds a chunk; true if {@link #work} is to be called. */
    boolean add(Chunk chunk) {
        waiting.add(chunk);
        return running.compareAndSet(false, true);
    }

    /** Makes statements until there is nothing to say. */
    void work(long sizeBytes) throws InterruptedException {
        do {
            List<Chunk> some = new ArrayList<>();
            for (Chunk chunk = waiting.poll(); chunk != null; chunk = waiting.poll()) {
                some.add(chunk);
            }
            for (List<Chunk> run : runs(some)) {
                pull.happened(new Event.Attested(digest, about(run, sizeBytes)));
            }
            if (some.isEmpty()) {
                running.set(false);
            } else if (statements.areSigned()) {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            }
            // What came between the last look and the flag's fall would otherwise wait for the next chunk.
        } while (running.get() || (!waiting.isEmpty() && running.compareAndSet(false, true)));
    }

    private Statement about(List<Chunk> run, long sizeBytes) {
        Source source = run.getFirst().source;
        return statements.make(
                digest,
                sizeBytes,
                new Run(run.getFirst().index, run.getLast().index + 1),
                run.stream().map(Chunk::hash).toList(),
                source.endpoint,
                source.authentic);
    }

    private static List<List<Chunk>> runs(List<Chunk> chunks) {
        List<List<Chunk>> runs = new ArrayList<>();
        chunks.sort(Comparator.comparingInt(Chunk::index));
        for (Chunk chunk : chunks) {
            List<Chunk> last = runs.isEmpty() ? List.of() : runs.getLast();
            if (!last.isEmpty()
                    && last.getLast().index + 1 == chunk.index
                    && last.getLast().source.equals(chunk.source)
                    && last.size() < SwarmLimits.STATEMENT_CHUNKS) {
                last.add(chunk);
            } else {
                runs.add(new ArrayList<>(List.of(chunk)));
            }
        }
        return runs;
    }
}
