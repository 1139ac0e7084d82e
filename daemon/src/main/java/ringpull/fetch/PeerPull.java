package ringpull.fetch;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.metrics.Meters;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.store.PartialBlob;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;

/**
 * Reads what is missing of one blob from several holders at once. A holder works while it delivers: one that fails
 * gives its run back, for the others to take, and leaves after {@value #FAILURES_MAX} failures in a row.
 */
final class PeerPull {
    /** Bytes asked for in one request: long enough to hide a round trip, short enough to share a blob fairly. */
    static final long RUN_BYTES = 8L << 20;

    /** Requests in flight to one holder, and to all holders of one blob. */
    static final int REQUESTS_PER_HOLDER = 3;

    static final int REQUESTS_MAX = 12;

    private static final int FAILURES_MAX = 2;

    private final Digest digest;
    private final PartialBlob partial;
    private final Fetcher.Parts parts;
    private final @Nullable LinkProof links;
    private final Evidence evidence;
    private final Runnable progress;
    private final MissingRuns missing;
    private volatile @Nullable IOException landingFailure;

    /**
     * @param links proves what arrives; null: that is done elsewhere
     * @param wanted where the bytes begin that are needed first
     */
    PeerPull(
            PartialBlob partial,
            Fetcher.Parts parts,
            @Nullable LinkProof links,
            Evidence evidence,
            LongSupplier wanted,
            Runnable progress) {
        this.digest = partial.digest();
        this.partial = partial;
        this.parts = parts;
        this.links = links;
        this.evidence = evidence;
        this.progress = progress;
        this.missing = new MissingRuns(partial, RUN_BYTES, wanted);
    }

    /**
     * Reads until everything is here or no holder is left.
     *
     * @return the members that delivered anything
     * @throws IOException if this node could not write
     */
    Set<MemberId> from(List<Member> holders) throws IOException, InterruptedException {
        List<Source> sources = holders.stream().map(Source::new).toList();
        int perHolder = Math.clamp(REQUESTS_MAX / Math.max(1, sources.size()), 1, REQUESTS_PER_HOLDER);
        int workers = Math.min(sources.size(), REQUESTS_MAX) * perHolder;
        CountDownLatch finished = new CountDownLatch(workers);
        List<Future<?>> tasks = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            Source source = sources.get(i % sources.size());
            tasks.add(parts.threads().submit(() -> {
                try {
                    source.work();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                } finally {
                    finished.countDown();
                }
            }));
        }
        try {
            finished.await();
        } finally {
            tasks.forEach(task -> task.cancel(true));
            sources.forEach(Source::account);
        }
        IOException failure = landingFailure;
        if (failure != null) {
            throw failure;
        }
        return sources.stream()
                .filter(source -> source.bytes() > 0)
                .map(source -> source.member.id())
                .collect(Collectors.toUnmodifiableSet());
    }

    /** One holder; shared by its workers. */
    private final class Source {
        private final Member member;
        private int failuresInARow;
        private boolean gone;
        private long bytes;

        Source(Member member) {
            this.member = member;
        }

        synchronized long bytes() {
            return bytes;
        }

        private void account() {
            if (bytes() > 0) {
                parts.journal().note(digest, "peer", member.name(), bytes(), "");
            }
        }

        private InetSocketAddress address() {
            return new InetSocketAddress(member.addresses().getFirst(), member.dataPort());
        }

        private synchronized boolean usable() {
            return !gone && landingFailure == null;
        }

        private void work() throws InterruptedException {
            while (usable()) {
                ByteRange run = missing.take().orElse(null);
                if (run != null) {
                    read(run);
                } else if (!missing.awaitMore()) {
                    return;
                }
            }
        }

        private void read(ByteRange run) throws InterruptedException {
            Run landing = new Run(run);
            try {
                parts.sources().download().take(run.length(), () -> {});
                parts.sources().transport().read(address(), digest, run, landing);
                succeeded(run.length());
            } catch (TransferException e) {
                failed(e, landing.landedBytes);
            } finally {
                // Also when interrupted: another worker may be waiting for this run.
                settle(run, landing.landedBytes);
            }
        }

        private void settle(ByteRange run, long landedBytes) throws InterruptedException {
            List<ByteRange> absent = List.of(run);
            try {
                int first = Chunk.count(run.offset());
                evidence.delivered(first, first + Chunk.count(landedBytes), member);
                absent = new LandedRun(partial, run, landedBytes).take(links, this::mended, this::contradicts);
            } catch (IOException e) {
                landingFailure = e;
            } finally {
                missing.giveBack(absent);
            }
            progress.run();
        }

        /** Bytes from here do not fit the ladder: they may have been changed on their way, and be right over TLS. */
        private boolean mended(LinkProof proof, int chunk) throws IOException, InterruptedException {
            BitSet one = new BitSet();
            one.set(chunk);
            boolean mended = evidence.again(chunk, member, bytes -> {
                if (bytes.length != Chunk.range(chunk, partial.sizeBytes()).length()) {
                    return false;
                }
                partial.write((long) chunk * Chunk.SIZE_BYTES, ByteBuffer.wrap(bytes));
                return proof.check(one).isEmpty();
            });
            if (mended) {
                parts.sources().transport().spoilt(address());
            }
            return mended;
        }

        /** Bytes from here do not fit the ladder. While that is believed, only others are asked for more. */
        private synchronized void contradicts(LinkProof proof, int chunk) {
            proof.contradicted(chunk, member);
            gone |= proof.credible();
            parts.journal()
                    .note(digest, "fallback", member.name(), 0, "chunk " + chunk + " is not what the ladder says");
        }

        private synchronized void succeeded(long length) {
            failuresInARow = 0;
            bytes += length;
            parts.meters().received(Meters.Source.PEER, length);
        }

        private synchronized void failed(TransferException failure, long landedBytes) {
            bytes += landedBytes;
            parts.meters().received(Meters.Source.PEER, landedBytes);
            switch (failure) {
                case TransferException.Busy e -> gone = true;
                case TransferException.Unreachable e -> {
                    failuresInARow++;
                    gone |= failuresInARow >= FAILURES_MAX;
                    parts.journal().note(digest, "fallback", member.name(), 0, String.valueOf(e.getMessage()));
                }
                case TransferException.NotHeld e -> {
                    gone = true;
                    parts.sources().ring().disown(member.id(), digest);
                    parts.journal().note(digest, "fallback", member.name(), 0, String.valueOf(e.getMessage()));
                }
                case TransferException.LandingFailed e -> {
                    gone = true;
                    landingFailure = e.getCause() instanceof IOException io ? io : new IOException(e);
                }
            }
        }
    }

    /** Writes one run's bytes through to the partial blob and counts them. Used by one thread at a time. */
    private final class Run implements Landing {
        private final ByteRange run;
        private volatile long landedBytes;

        Run(ByteRange run) {
            this.run = run;
        }

        @Override
        public void write(long offset, ByteBuffer bytes) throws IOException {
            int length = bytes.remaining();
            partial.write(offset, bytes);
            landedBytes = offset + length - run.offset();
        }
    }
}
