package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blame.Reputation;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.metrics.Meters;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;
import ringpull.store.BlobStore;
import ringpull.store.StoredBlob;

/**
 * Brings blobs: from the store if they are here, else through one fetch for any number of clients. When the store has
 * no room, an authentic origin's bytes go past it.
 */
public final class Fetcher implements Blobs, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Fetcher.class);

    /** Fetches at one time; a client that wants one more is sent upstream. */
    private static final int FETCHES_MAX = 1024;

    private final Parts parts;
    private final boolean early;
    private final KeepAlive keepAlive;
    private final ReadGuard guard;
    private final Map<Digest, BlobFetch> running = new ConcurrentHashMap<>();

    /** What a fetch works with. */
    record Parts(
            BlobStore store,
            Sources sources,
            Journal journal,
            Meters meters,
            Suspects suspects,
            Reputation reputation,
            OpenCases cases,
            NoRoom noRoom,
            SwarmPulls swarmPulls,
            PromisedSizes promised,
            SmallBlobs smallBlobs,
            WrongBytes wrongBytes,
            ExecutorService threads,
            ExecutorService proofThreads) {}

    /** In no company; neighbours are judged anew in each life, and by one reading; bytes may leave early. */
    public Fetcher(BlobStore store, Sources sources, Journal journal, Meters meters, LongSupplier nanoTime) {
        this(
                store,
                sources,
                new SwarmPulls(store),
                Reputation.inMemory(InstantSource.system()),
                SecondReading.NONE,
                true,
                journal,
                meters,
                nanoTime);
    }

    /**
     * @param swarmPulls the blobs that are brought together with other members
     * @param reputation hears of every fault, and says whom not to ask
     * @param early whether bytes may leave before the whole is proven: those of an authentic origin, and those that two
     *     members on different hosts vouch for
     */
    public Fetcher(
            BlobStore store,
            Sources sources,
            SwarmPulls swarmPulls,
            Reputation reputation,
            SecondReading secondReading,
            boolean early,
            Journal journal,
            Meters meters,
            LongSupplier nanoTime) {
        this.early = early;
        int cores = Runtime.getRuntime().availableProcessors();
        this.parts = new Parts(
                store,
                sources,
                journal,
                meters,
                new Suspects(),
                reputation,
                new OpenCases(reputation, secondReading, journal),
                new NoRoom(nanoTime),
                swarmPulls,
                new PromisedSizes(),
                new SmallBlobs(store, sources.origin(), journal, meters),
                new WrongBytes(journal, meters),
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("fetch-", 0).factory()),
                // Hashing keeps a core busy: on virtual threads it would starve the others of their carriers.
                Executors.newFixedThreadPool(
                        cores, Thread.ofPlatform().daemon().name("proof-", 0).factory()));
        this.keepAlive = new KeepAlive(sources.origin(), journal, meters);
        this.guard = new ReadGuard(store, new Damage(store, this, journal), meters, parts.proofThreads(), nanoTime);
    }

    @Override
    public Delivery deliver(BlobRequest request) throws InterruptedException {
        Digest digest = request.digest();
        try {
            Optional<BlobFile> here = parts.store().open(digest);
            if (here.isPresent()) {
                request.repository().ifPresent(repository -> parts.store().noteSource(digest, repository.toString()));
                if (request.kind() == ContentKind.MANIFEST) {
                    parts.promised().learn(here.get());
                }
                String mediaType =
                        parts.store().find(digest).map(StoredBlob::mediaType).orElse("");
                return new Delivery.Complete(here.get(), mediaType);
            }
        } catch (IOException e) {
            log.warn("{} is in the store and cannot be read: {}", digest, e.toString());
            return new Delivery.Nowhere("store_failed", e.toString());
        }
        if (request.repository().isPresent() && parts.noRoom().contains(digest)) {
            return pastTheStore(request);
        }
        while (true) {
            BlobFetch fetch = running.get(digest);
            if (fetch == null) {
                if (request.repository().isEmpty()
                        && parts.sources().ring().holders(digest).isEmpty()) {
                    return new Delivery.Nowhere(
                            "not_held", "no member of the ring holds it, and no registry was named");
                }
                if (running.size() >= FETCHES_MAX) {
                    return new Delivery.Nowhere("overloaded", FETCHES_MAX + " blobs are being fetched already");
                }
                fetch = running.computeIfAbsent(digest, d -> start(request));
            }
            if (fetch.wishes().join(request)) {
                return new Delivery.Arriving(fetch);
            }
            fetch.awaitFailed();
            running.remove(digest, fetch);
        }
    }

    private BlobFetch start(BlobRequest request) {
        BlobFetch fetch = new BlobFetch(
                request.digest(), parts.store(), early && !parts.suspects().isNeverEarly(request.digest()));
        fetch.wishes().join(request);
        parts.threads().execute(() -> {
            try {
                new Journey(request, parts, fetch).run();
            } finally {
                running.remove(request.digest(), fetch);
            }
        });
        return fetch;
    }

    /** Small blobs for members of which this one is the home. */
    SmallBlobs smallBlobs() {
        return parts.smallBlobs();
    }

    @Override
    public long soundEnd(BlobFile file, ByteRange wanted) throws IOException, InterruptedException {
        return guard.soundEnd(file, wanted);
    }

    @Override
    public Optional<ByteBuffer> keepAlive(BlobRequest request, long sizeBytes, long offset)
            throws IOException, InterruptedException {
        BlobFetch fetch = running.get(request.digest());
        BlobRequest named = request.repository().isPresent() || fetch == null
                ? request
                : fetch.wishes().origin(0).orElse(request);
        return keepAlive.piece(named, sizeBytes, offset);
    }

    @Override
    public void wrongBytesLeft(Digest digest, String why) {
        parts.suspects().neverEarly(digest);
        parts.wrongBytes().left(digest, why);
    }

    /** Calls back with each blob of which a client has wrong bytes, so that somebody makes the client forget them. */
    public void onWrongBytes(Consumer<Digest> listener) {
        parts.wrongBytes().onLeft(listener);
    }

    private Delivery pastTheStore(BlobRequest request) throws InterruptedException {
        try {
            OriginStream stream =
                    new OriginPull(request, parts.sources().origin(), parts.journal(), parts.meters()).open(0);
            if (stream.authentic()) {
                parts.journal().note(request.digest(), "fallback", stream.endpoint(), 0, "the store is full");
                return new Delivery.PassThrough(stream);
            }
            stream.close();
            return new Delivery.Nowhere("store_full", "no room to prove bytes that did not come over TLS");
        } catch (OriginException e) {
            return new Delivery.Nowhere(reason(e), String.valueOf(e.getMessage()));
        }
    }

    /** An origin's failure in one word, as metrics label it. */
    static String reason(OriginException e) {
        return switch (e) {
            case OriginException.Unreachable u -> "unreachable";
            case OriginException.NotFound n -> "not_found";
            case OriginException.Denied d -> "denied";
            case OriginException.Busy b -> "busy";
            case OriginException.Forbidden f -> "forbidden";
            case OriginException.Malformed m -> "malformed";
        };
    }

    /** Breaks off every fetch; what is present stays for the next start. */
    @Override
    public void close() {
        parts.threads().shutdownNow();
        try {
            if (!parts.threads().awaitTermination(5, TimeUnit.SECONDS)) {
                log.warn("fetches still run while the daemon stops: {}", running.keySet());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        parts.proofThreads().shutdownNow();
    }
}
