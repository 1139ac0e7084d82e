package ringpull.fetch;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringpull.swarm.Event;
import ringpull.swarm.Run;

/** A run that is being read, from the origin or a member, on a thread of its own. */
final class SwarmRead {
    /** How often the swarm hears that bytes still come. */
    private static final long TELL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final SwarmPull pull;
    private final long id;
    private final Run run;
    private long toldAt = System.nanoTime();
    private volatile int end;
    private volatile boolean cancelled;
    private volatile @Nullable Runnable stop;
    private @Nullable Future<?> task;

    /** Reads a run; tells of its chunks and, by returning, of its end. */
    interface Part {
        Ended read(SwarmRead read) throws IOException, InterruptedException;
    }

    record Ended(Event.Outcome outcome, long pauseNanos) {
        static Ended of(Event.Outcome outcome) {
            return new Ended(outcome, 0);
        }
    }

    SwarmRead(SwarmPull pull, long id, Run run) {
        this.pull = pull;
        this.id = id;
        this.run = run;
        this.end = run.end();
    }

    long id() {
        return id;
    }

    Run run() {
        return run;
    }

    /** The chunk to stop before; may come nearer. */
    int end() {
        return end;
    }

    boolean isCancelled() {
        return cancelled;
    }

    void shorten(int to) {
        end = Math.min(end, to);
    }

    /** Bytes have come: over a slow link a chunk takes longer than a read may stand still. For the thread that reads. */
    void moved() throws InterruptedIOException {
        long now = System.nanoTime();
        if (now - toldAt > TELL_NANOS) {
            toldAt = now;
            pull.moved(this);
        }
    }

    synchronized void start(ExecutorService threads, Part part) {
        task = threads.submit(() -> run(part));
    }

    private void run(Part part) {
        try {
            Ended ended = part.read(this);
            if (!cancelled) {
                pull.ended(this, ended.outcome, ended.pauseNanos);
            }
        } catch (InterruptedIOException | ClosedByInterruptException e) {
            Thread.currentThread().interrupt(); // cancelled
        } catch (RuntimeException e) {
            pull.fail(new IOException("a read met a defect", e));
        } catch (IOException e) {
            pull.fail(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // cancelled
        }
    }

    /** What breaks a read off that waits for bytes. */
    void stopBy(Runnable how) {
        stop = how;
        if (cancelled) {
            how.run();
        }
    }

    synchronized void cancel() {
        cancelled = true;
        Runnable how = stop;
        if (how != null) {
            how.run();
        }
        if (task != null) {
            task.cancel(true);
        }
    }
}
