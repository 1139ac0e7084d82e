package ringpull.transport.rdma;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringpull.transport.TransferException;

/**
 * From one of our rails to one holder: the connection, and how it fared. After a failure it is left alone for a while that
 * doubles each time, and then tried again in the background. For any thread.
 */
final class Way {
    private static final long PAUSE_NANOS = 1_000_000_000L;
    private static final int DOUBLINGS_MAX = 6;

    private final InetSocketAddress holder;
    private final Connector connector;
    private final Runnable silent;
    private final LongSupplier nanoClock;
    private @Nullable CompletableFuture<ReaderPair> pair;
    private int failures;
    private long retryAt;
    private boolean closed;

    /** Starts a connection. */
    @FunctionalInterface
    interface Connector {
        /** @param ended to be told once when the connection is over, or will not be */
        ReaderPair connect(Consumer<ReaderPair> ended) throws IOException, TransferException, InterruptedException;
    }

    /**
     * @param silent run when nothing came back where that was not to be expected
     * @param nanoClock monotonic, as {@link System#nanoTime}
     */
    Way(InetSocketAddress holder, Connector connector, Runnable silent, LongSupplier nanoClock) {
        this.holder = holder;
        this.connector = connector;
        this.silent = silent;
        this.nanoClock = nanoClock;
    }

    /** Whether a read should try it now. One that failed and had its pause is connected again meanwhile. */
    synchronized boolean isReady() {
        CompletableFuture<ReaderPair> there = pair;
        if (there != null) {
            return failures == 0 || there.isDone();
        }
        if (!closed && failures > 0 && nanoClock.getAsLong() - retryAt >= 0) {
            var _ = begin();
        }
        return failures == 0;
    }

    synchronized boolean isConnecting() {
        return pair != null;
    }

    /** The connection; waits until there is one, within the limits for connecting. */
    ReaderPair connection() throws TransferException, InterruptedException {
        CompletableFuture<ReaderPair> connecting;
        synchronized (this) {
            if (closed) {
                throw new TransferException.Unreachable(
                        holder + " is not read from any more: the transport was closed");
            }
            connecting = pair == null ? begin() : pair;
        }
        try {
            return connecting.get();
        } catch (ExecutionException e) {
            throw failure(e.getCause() == null ? e : e.getCause());
        }
    }

    private TransferException failure(Throwable cause) {
        if (cause instanceof Endpoint.Rejected rejected
                && rejected.why().filter(Handshake.Rejection.BUSY::equals).isPresent()) {
            return new TransferException.Busy(holder + " serves too many over RDMA already");
        }
        return new TransferException.Unreachable(holder + " cannot be reached over RDMA: " + cause.getMessage(), cause);
    }

    private CompletableFuture<ReaderPair> begin() {
        CompletableFuture<ReaderPair> begun = new CompletableFuture<>();
        pair = begun;
        Thread.ofVirtual().name("rdma-connect").start(() -> {
            try {
                begun.complete(connect(begun));
            } catch (IOException | TransferException | RuntimeException e) {
                failed(begun, e instanceof Silence);
                begun.completeExceptionally(e);
            } catch (InterruptedException e) {
                failed(begun, false);
                begun.completeExceptionally(new IOException("interrupted", e));
            }
        });
        return begun;
    }

    private ReaderPair connect(CompletableFuture<ReaderPair> begun)
            throws IOException, TransferException, InterruptedException {
        ReaderPair first = connector.connect(over -> ended(begun, over));
        try {
            return first.awaitReady();
        } catch (Endpoint.Rejected e) {
            boolean stale = e.why().filter(Handshake.Rejection.UNKNOWN::equals).isPresent();
            if (!stale || !first.sessionHadWorked()) {
                throw e;
            }
        }
        // The holder has forgotten the session, as when it was started again.
        return connector.connect(over -> ended(begun, over)).awaitReady();
    }

    private void ended(CompletableFuture<ReaderPair> begun, ReaderPair over) {
        if (over.endedIdle()) {
            drop(begun);
        } else if (begun.isDone()) {
            failed(begun, over.endedInSilence());
        }
    }

    @SuppressWarnings("ReferenceEquality") // it is about this one connection
    private synchronized void drop(CompletableFuture<ReaderPair> begun) {
        if (pair == begun && begun.isDone()) {
            pair = null;
        }
    }

    private void failed(CompletableFuture<ReaderPair> begun, boolean inSilence) {
        int failed = countFailure(begun);
        boolean surprising = failed == 1 || (failed > 0 && begun.isDone());
        if (inSilence && surprising) {
            silent.run();
        }
    }

    /** How many there were since a range came. */
    @SuppressWarnings("ReferenceEquality") // it is about this one connection
    private synchronized int countFailure(CompletableFuture<ReaderPair> begun) {
        if (pair != begun) {
            return 0;
        }
        pair = null;
        retryAt = nanoClock.getAsLong() + (PAUSE_NANOS << Math.min(failures, DOUBLINGS_MAX));
        return ++failures;
    }

    /**
     * Other ways fell silent. No read begins here until a new connection says that this one has not; that is made in the
     * background, when somebody asks.
     */
    synchronized void doubt() {
        CompletableFuture<ReaderPair> there = pair;
        boolean expected = failures > 0;
        if (there != null && there.isDone() && !there.isCompletedExceptionally()) {
            there.join().replace();
            pair = null;
            expected = false;
        }
        if (!expected) {
            failures = Math.max(failures, 1);
            retryAt = nanoClock.getAsLong();
        }
    }

    /** This connection is not to be used any more, and nothing is to be held against the holder. */
    synchronized void leave(ReaderPair old) {
        CompletableFuture<ReaderPair> there = pair;
        if (there != null && there.isDone() && !there.isCompletedExceptionally() && there.join() == old) {
            pair = null;
        }
    }

    /** A whole range came this way. */
    synchronized void succeeded() {
        failures = 0;
    }

    /** Ends the connection; nothing is connected any more. */
    synchronized void close() {
        closed = true;
        CompletableFuture<ReaderPair> there = pair;
        if (there != null && there.isDone() && !there.isCompletedExceptionally()) {
            there.join().end("not used any more");
        }
    }
}
