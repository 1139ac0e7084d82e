package ringpull.fetch;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import ringpull.blame.Statements;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.store.BlobStore;
import ringpull.swarm.Answers;
import ringpull.swarm.Effect;
import ringpull.swarm.Event;
import ringpull.swarm.Uploads;
import ringpull.transport.ChunkSource;

/**
 * The blobs that this node brings together with other members: hands each what its swarm wants done, and serves their
 * chunks to the others while they arrive. For any thread.
 */
public final class SwarmPulls implements ChunkSource {
    private final BlobStore store;
    private final Map<Digest, SwarmPull> running = new ConcurrentHashMap<>();
    private final Uploads uploads = new Uploads();
    private volatile @Nullable Swarms swarms;

    /** The swarm's side: what the node that drives it offers. For any thread. */
    public interface Swarms {
        /** Something happened here; waits if the swarm is far behind. */
        void happened(Event event) throws InterruptedException;

        /** Whether other members could take part. */
        boolean hasCompany();

        Optional<Member> member(MemberId id);

        /** Whether this node is the first in a digest's order. */
        boolean isHome(Digest digest);

        /** The way to the homes of tags, manifests and small blobs. */
        Answers homes();

        /** Makes statements about chunks; those of others were checked before the swarm heard of them. */
        Statements statements();
    }

    /** @param store what is complete is served from here */
    public SwarmPulls(BlobStore store) {
        this.store = store;
    }

    /** Takes part from now on. */
    public void serve(Swarms by) {
        swarms = by;
    }

    /** Where this node can bring blobs together with others; empty if it is alone. */
    Optional<Swarms> company() {
        Swarms by = swarms;
        return by != null && by.hasCompany() ? Optional.of(by) : Optional.empty();
    }

    /** False if one is under way. */
    boolean begin(Digest digest, SwarmPull pull) {
        return running.putIfAbsent(digest, pull) == null;
    }

    void end(Digest digest, SwarmPull pull) {
        running.remove(digest, pull);
    }

    /** What a swarm wants done with bytes. Returns at once. */
    public void perform(Effect effect) {
        SwarmPull pull = running.get(digestOf(effect));
        if (pull != null) {
            pull.perform(effect);
        }
    }

    private static Digest digestOf(Effect effect) {
        return switch (effect) {
            case Effect.Open e -> e.digest();
            case Effect.ReadOrigin e -> e.digest();
            case Effect.ReadMember e -> e.digest();
            case Effect.Shorten e -> e.digest();
            case Effect.Cancel e -> e.digest();
            case Effect.Attest e -> e.digest();
            case Effect.Check e -> e.digest();
            case Effect.Present e -> e.digest();
            case Effect.Alone e -> e.digest();
            case Effect.Send e -> throw new IllegalArgumentException("a message is not for here: " + e);
        };
    }

    @Override
    public Optional<BlobFile> open(Digest digest) throws IOException {
        return store.open(digest);
    }

    @Override
    public CompletableFuture<Optional<Serving>> serve(Digest digest, ByteRange range, SocketAddress reader) {
        SwarmPull pull = running.get(digest);
        if (pull == null || !pull.vouchesFor(range)) {
            return ChunkSource.super.serve(digest, range, reader);
        }
        Object who = ChunkSource.reader(reader);
        CompletableFuture<Optional<Serving>> serving = new CompletableFuture<>();
        synchronized (uploads) {
            if (!uploads.ask(who, digest, () -> begin(pull, who, serving))) {
                return CompletableFuture.failedFuture(new Busy("too many read blobs that are still arriving here"));
            }
        }
        takeTurns();
        return serving;
    }

    private void takeTurns() {
        List<Runnable> turns;
        synchronized (uploads) {
            turns = uploads.next();
        }
        turns.forEach(Runnable::run);
    }

    /** Opens the file, which is open here anyway, so that the disk need not be asked. */
    private void begin(SwarmPull pull, Object reader, CompletableFuture<Optional<Serving>> serving) {
        AtomicBoolean ended = new AtomicBoolean();
        Runnable over = () -> {
            if (ended.compareAndSet(false, true)) {
                synchronized (uploads) {
                    uploads.end(reader, pull.digest());
                }
                takeTurns();
            }
        };
        try {
            Optional<BlobFile> file = pull.open();
            Optional<BlobFile> found = file.isPresent() ? file : store.open(pull.digest());
            if (found.isEmpty()) {
                over.run();
            }
            serving.complete(found.map(open -> new Serving(open, over)));
        } catch (IOException | RuntimeException e) {
            over.run();
            serving.completeExceptionally(e);
        }
    }
}
