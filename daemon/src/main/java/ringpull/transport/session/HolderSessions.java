package ringpull.transport.session;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import ringpull.transport.TransferException;

/** Our sessions with holders: each is asked for once, however many connections want it. Safe for many threads. */
public final class HolderSessions {
    /** Holders whose sessions are kept; those used longest ago go. */
    private static final int KEPT = 4096;

    private static final int LOCKS = 64;

    private final Admission admission;
    private final LongSupplier nanoClock;
    private final SequencedMap<InetSocketAddress, Held> held = new LinkedHashMap<>(16, 0.75f, true);
    private final ReentrantLock[] asking =
            Stream.generate(ReentrantLock::new).limit(LOCKS).toArray(ReentrantLock[]::new);

    /** One session, and what became of it. */
    public static final class Held {
        private final Session session;
        private final long until;
        private final LongSupplier nanoClock;
        private volatile boolean worked;
        private volatile boolean refused;

        /** @param until when it is no longer used, a little before the holder ends it */
        private Held(Session session, long until, LongSupplier nanoClock) {
            this.session = session;
            this.until = until;
            this.nanoClock = nanoClock;
        }

        public Session session() {
            return session;
        }

        /** Whether no connection and no request should use it any more. */
        public boolean isOver() {
            return refused || nanoClock.getAsLong() - until >= 0;
        }

        /** The holder does not take it any more. */
        public void refuse() {
            refused = true;
        }

        public boolean isRefused() {
            return refused;
        }

        /** The holder took it. */
        public void work() {
            worked = true;
        }

        /** One that never worked is no reason to ask for another at once. */
        public boolean hasWorked() {
            return worked;
        }
    }

    /** @param nanoClock monotonic, as {@link System#nanoTime} */
    public HolderSessions(Admission admission, LongSupplier nanoClock) {
        this.admission = admission;
        this.nanoClock = nanoClock;
    }

    /** Whether this holder's data port wants a session. */
    public boolean isPlain(InetSocketAddress holder) {
        return admission.isPlain(holder);
    }

    /** Whether this holder announces RDMA. */
    public boolean offersRdma(InetSocketAddress holder) {
        return admission.offersRdma(holder);
    }

    /** The session that is known, or a new one. */
    public Held get(InetSocketAddress holder) throws TransferException, InterruptedException {
        ReentrantLock one = asking[Math.floorMod(holder.hashCode(), LOCKS)];
        one.lockInterruptibly();
        try {
            Held known = known(holder);
            return known != null ? known : ask(holder);
        } finally {
            one.unlock();
        }
    }

    private synchronized @Nullable Held known(InetSocketAddress holder) {
        Held known = held.get(holder);
        return known != null && !known.isOver() ? known : null;
    }

    private Held ask(InetSocketAddress holder) throws TransferException, InterruptedException {
        long asked = nanoClock.getAsLong();
        Session session;
        try {
            session = admission.ask(holder);
        } catch (IOException e) {
            throw new TransferException.Unreachable(holder + " gives no session: " + e.getMessage(), e);
        }
        long lifetime = session.lifetime().toNanos();
        Held fresh = new Held(session, asked + lifetime - lifetime / 8, nanoClock);
        synchronized (this) {
            held.put(holder, fresh);
            if (held.size() > KEPT) {
                held.pollFirstEntry();
            }
        }
        return fresh;
    }
}
