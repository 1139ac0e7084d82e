package ringpull.transport.rdma;

import com.ibm.disni.verbs.IbvPd;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One end of a connection, on a thread of its own: it makes the connection, handles completions, messages and orders of
 * other threads one after another, and takes it all down again. It sleeps until there is something to do.
 */
abstract class Pair implements Link.Listener {
    private static final Logger log = LoggerFactory.getLogger(Pair.class);

    private static final int BUSY_TICK_MILLIS = 50;
    private static final int IDLE_TICK_MILLIS = 1000;

    private final Times times;
    private final Spin spin;
    private final Queue<Order> orders = new ConcurrentLinkedQueue<>();
    private volatile @Nullable Runnable waker;
    private volatile @Nullable String ending;

    /** Set before the last look for orders: whoever gives one after that look sees it. */
    private volatile boolean sleeping;

    private boolean over;
    private @Nullable Link link;
    private long turn = System.nanoTime();

    /** What another thread wants of this one. */
    @FunctionalInterface
    interface Order {
        void run() throws IOException;

        /** In place of that, when the connection ended before. */
        default void lapse() {}
    }

    Pair(Times times) {
        this.times = times;
        this.spin = new Spin(times.spin());
    }

    /** Makes the connection's native objects up to, but not, the {@link Link}. */
    abstract Endpoint open() throws IOException, InterruptedException;

    /** The protection domain for the queue pair. */
    abstract IbvPd domain(Endpoint endpoint) throws IOException;

    /** Connects; from here on messages may come. */
    abstract void connect(Endpoint endpoint) throws IOException;

    /** Looks after what is late. */
    abstract void tick(long now) throws IOException;

    /** Whether nothing is under way that could be late. */
    abstract boolean isIdle();

    /** The connection is over; what it was made of is not gone yet, which may take a while. */
    abstract void broke(IOException why);

    /** The queue pair is gone: nothing is written to memory any more, nor read from it by others. */
    abstract void unlinked();

    /** All is gone. */
    abstract void closed(IOException why);

    final Thread start(String name) {
        return Thread.ofPlatform().daemon().name(name).start(this::run);
    }

    final Link link() throws IOException {
        Link there = link;
        if (there == null) {
            throw new IOException("not connected");
        }
        return there;
    }

    /**
     * When this turn of the thread began, in {@link System#nanoTime}; for the thread. All that happens in a turn happens then:
     * so leases end too early rather than too late, and the clock is read once.
     */
    final long turn() {
        return turn;
    }

    final Times times() {
        return times;
    }

    /** Has this done on the connection's thread; false if that has ended, and then nothing will be done. */
    final boolean order(Order order) {
        synchronized (this) {
            if (over) {
                return false;
            }
            orders.add(order);
        }
        if (sleeping) {
            wake();
        }
        return true;
    }

    /** Ends the connection soon, with this as the reason; from any thread. */
    final void end(String why) {
        ending = why;
        wake();
    }

    private void wake() {
        Runnable wakes = waker;
        if (wakes != null) {
            wakes.run();
        }
    }

    private void run() {
        IOException why;
        try (Endpoint endpoint = open()) {
            why = serve(endpoint);
        } catch (IOException e) {
            why = e;
        } catch (InterruptedException e) {
            why = new IOException("interrupted", e);
        } catch (RuntimeException e) {
            why = defect(e);
        }
        synchronized (this) {
            over = true;
        }
        for (Order left = orders.poll(); left != null; left = orders.poll()) {
            left.lapse();
        }
        closed(why);
    }

    /** Runs until the connection is over, and says why it is. */
    private IOException serve(Endpoint endpoint) throws IOException {
        try (Link made = new Link(endpoint, domain(endpoint))) {
            waker = made.waker();
            link = made;
            IOException why = talk(endpoint, made);
            broke(why);
            waker = null;
            link = null;
            endpoint.disconnect();
            return why;
        } finally {
            unlinked();
        }
    }

    private IOException talk(Endpoint endpoint, Link made) {
        try {
            connect(endpoint);
            loop(made);
            return new IOException("closed");
        } catch (IOException e) {
            return e;
        } catch (RuntimeException e) {
            return defect(e);
        }
    }

    private static IOException defect(RuntimeException e) {
        log.error("a defect ends an RDMA connection", e);
        return new IOException("a defect: " + e, e);
    }

    private void loop(Link made) throws IOException {
        for (String end = ending; end == null; end = ending) {
            turn = System.nanoTime();
            for (Order next = orders.poll(); next != null; next = orders.poll()) {
                next.run();
            }
            if (made.isOverdue(turn, times.operation().toNanos())) {
                throw new Silence(
                        "the fabric did nothing for " + times.operation().toMillis() + " ms");
            }
            tick(turn);
            boolean resting = made.isQuiet() && isIdle();
            if (!made.poll(this) && (resting || !spins(made))) {
                made.arm();
                sleeping = true;
                if (!made.poll(this) && orders.isEmpty() && ending == null) {
                    made.await(made.isQuiet() && isIdle() ? IDLE_TICK_MILLIS : BUSY_TICK_MILLIS);
                }
                sleeping = false;
            }
        }
        throw new IOException(ending);
    }

    /** Looks for a while, without sleep; whether there was something. */
    private boolean spins(Link made) throws IOException {
        long most = spin.nanos();
        if (most == 0) {
            return false;
        }
        for (long start = System.nanoTime(); System.nanoTime() - start < most; Thread.onSpinWait()) {
            if (made.poll(this) || !orders.isEmpty() || ending != null) {
                spin.found();
                return true;
            }
        }
        spin.foundNothing();
        return false;
    }
}
