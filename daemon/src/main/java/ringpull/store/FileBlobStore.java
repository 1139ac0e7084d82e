package ringpull.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.ProvenBlob;
import ringpull.config.Config;
import ringpull.os.Disk;

/**
 * Blobs as plain files, and an {@link Index} that says which of them are proven. The index is kept in memory, too: a
 * look-up costs no disk.
 *
 * <p>A blob becomes complete in this order: bytes synced, file renamed to its digest, directory synced, record synced.
 * Whatever stops it in between leaves a file without a record or a record without a file, and {@link Recovery} drops
 * either.
 */
public abstract class FileBlobStore implements BlobStore {
    private static final Logger log = LoggerFactory.getLogger(FileBlobStore.class);

    /** Bytes between two barriers of a partial blob, unless two seconds pass first. */
    public static final long BARRIER_BYTES = 256L << 20;

    private static final Duration BARRIER_PERIOD = Duration.ofSeconds(2);

    /** More sources than these, or longer texts, are not remembered. */
    static final int SOURCES_MAX = 64;

    static final int TEXT_CHARS_MAX = 512;

    private final Layout layout;
    private final Index index;
    private final Quota quota;
    private final InstantSource clock;
    private final long barrierBytes;
    private final DiskThreads disk = new DiskThreads();
    private final CompleteBlobs complete;
    private final IndexedTags tags;
    private final KeptLadders ladders;
    private final PartialOwner owner = new Owner();

    /** One reservation at a time, from the sum to the allocation, so that sums hold. Taken before {@link #lock}. */
    private final Object admission = new Object();

    /** Guards sums over all blobs. */
    private final Object lock = new Object();

    private final Map<Digest, PartialFile> partials = new ConcurrentHashMap<>();

    private boolean closed;

    /**
     * Opens the store of this directory, with what an earlier life left in it. The index is closed with the store, but
     * not if this fails.
     */
    protected FileBlobStore(Path directory, Index index, Config.Store limits, InstantSource clock, long barrierBytes)
            throws IOException {
        this.layout = new Layout(directory);
        this.index = index;
        this.quota = new Quota(directory, limits);
        this.clock = clock;
        this.barrierBytes = barrierBytes;
        Index.Contents contents = new Recovery(layout, index).run();
        complete = new CompleteBlobs(layout, index, clock, contents.blobs());
        for (Map.Entry<Digest, Index.PartialRecord> entry : contents.partials().entrySet()) {
            partials.put(entry.getKey(), partialFile(entry.getKey(), entry.getValue()));
        }
        tags = new IndexedTags(contents.tags(), index, disk);
        ladders = new KeptLadders(complete, index, disk);
    }

    /** Begins the work in the background; called once by whoever constructs the store. */
    protected final void start() {
        disk.repeat(BARRIER_PERIOD, this::tick);
    }

    /** What origins answered for tags, as remembered beside the blobs. */
    public final TagRecords tags() {
        return tags;
    }

    private void tick() {
        Disk.prepare(); // costs something the first time only, when the daemon has started and nobody waits yet
        partials.values().forEach(PartialFile::tick);
        try {
            complete.saveUses();
        } catch (IOException | RuntimeException e) {
            log.warn("last uses of blobs are not recorded: {}", e.toString());
        }
    }

    @Override
    public final Optional<StoredBlob> find(Digest digest) {
        return complete.find(digest);
    }

    @Override
    public final List<StoredBlob> list() {
        return complete.list();
    }

    @Override
    public final List<PartialInfo> partials() {
        return partials.values().stream()
                .map(partial -> new PartialInfo(partial.digest(), partial.sizeBytes(), partial.presentBytes()))
                .toList();
    }

    @Override
    public final Optional<BlobFile> open(Digest digest) throws IOException {
        return complete.open(digest);
    }

    @Override
    public final Optional<Ladder> ladder(Digest digest) throws IOException {
        return ladders.of(digest);
    }

    @Override
    public final Optional<byte[]> ladderPage(Digest digest, int page) throws IOException {
        return ladders.page(digest, page);
    }

    @Override
    public final void keepLadder(ProvenBlob proof) throws IOException {
        ladders.keep(proof);
    }

    @Override
    public final Optional<BlobFile> inspect(Digest digest) throws IOException {
        return complete.inspect(digest);
    }

    @Override
    public final long stamp(Digest digest) throws IOException {
        return complete.stamp(digest);
    }

    /** Where a complete blob's file lies, whether it is there or not. */
    public final Path fileOf(Digest digest) {
        return layout.blob(digest);
    }

    @Override
    public final void noteSource(Digest digest, String repository) {
        complete.noteSource(digest, repository);
    }

    static boolean isText(String text) {
        return !text.isEmpty() && text.length() <= TEXT_CHARS_MAX;
    }

    @Override
    public final PartialBlob receive(Digest digest, long sizeBytes) throws StoreFull, IOException {
        if (sizeBytes < 0 || sizeBytes > Chunk.BLOB_BYTES_MAX) {
            throw new IllegalArgumentException("no blob has " + sizeBytes + " bytes");
        }
        synchronized (admission) {
            PartialFile idle = idlePartial(digest);
            if (idle != null && idle.sizeBytes() == sizeBytes && idle.isIntact()) {
                return resume(idle);
            }
            if (idle != null) {
                disk.call(() -> {
                    owner.drop(idle);
                    return true;
                });
            }
            return create(digest, sizeBytes);
        }
    }

    private @Nullable PartialFile idlePartial(Digest digest) throws IOException {
        synchronized (lock) {
            if (closed) {
                throw new IOException("the store is closed");
            }
            if (complete.find(digest).isPresent()) {
                throw new IllegalStateException(digest + " is complete already");
            }
            PartialFile partial = partials.get(digest);
            if (partial != null && !partial.isIdle()) {
                throw new IllegalStateException(digest + " is being received already");
            }
            return partial;
        }
    }

    private PartialFile resume(PartialFile idle) throws IOException {
        Index.PartialRecord known = idle.record();
        PartialFile partial = partialFile(idle.digest(), known);
        partial.begin(known.allocated(), true, ladders.hashed(idle.digest(), known));
        partials.put(idle.digest(), partial);
        return partial;
    }

    private PartialFile create(Digest digest, long sizeBytes) throws StoreFull, IOException {
        PartialFile partial =
                partialFile(digest, new Index.PartialRecord(sizeBytes, false, new BitSet(), 0, clock.instant()));
        List<Quota.Candidate> victims;
        synchronized (lock) {
            victims = quota.victims(digest.toString(), sizeBytes, load(), candidates());
            partials.put(digest, partial);
        }
        boolean begun = false;
        try {
            Disk.Allocation allocation = disk.call(() -> {
                for (Quota.Candidate victim : victims) {
                    victim.eviction().run();
                }
                return Disk.create(layout.partial(digest), sizeBytes);
            });
            if (allocation == Disk.Allocation.FULL) {
                throw quota.refused(digest.toString(), sizeBytes);
            }
            partial.begin(allocation == Disk.Allocation.ALLOCATED, false, Front.Hashed.nothing());
            begun = true;
            return partial;
        } finally {
            complete.tellListeners();
            if (!begun) {
                owner.drop(partial);
            }
        }
    }

    private PartialFile partialFile(Digest digest, Index.PartialRecord known) {
        return new PartialFile(digest, known, layout.partial(digest), owner, disk, index);
    }

    private Quota.Load load() {
        long promised = complete.bytes();
        long taken = promised;
        for (PartialFile partial : partials.values()) {
            promised += partial.sizeBytes();
            taken += partial.takenBytes();
        }
        return new Quota.Load(promised, taken);
    }

    private Stream<Quota.Candidate> candidates() {
        return Stream.concat(
                complete.list().stream()
                        .map(blob -> new Quota.Candidate(blob.lastUse(), blob.sizeBytes(), () -> evict(blob))),
                partials.values().stream()
                        .filter(PartialFile::isIdle)
                        .map(idle -> new Quota.Candidate(idle.lastUse(), idle.sizeBytes(), () -> owner.drop(idle))));
    }

    private void evict(StoredBlob blob) throws IOException {
        log.info("{} goes, last used {}: its {} bytes are needed", blob.digest(), blob.lastUse(), blob.sizeBytes());
        complete.drop(blob.digest());
    }

    @Override
    public final boolean remove(Digest digest) throws IOException {
        if (complete.find(digest).isEmpty()) {
            return false;
        }
        boolean removed = disk.call(() -> complete.drop(digest));
        complete.tellListeners();
        return removed;
    }

    @Override
    public final boolean demote(Digest digest, BitSet damaged) throws IOException {
        Optional<Index.PartialRecord> record;
        // Nobody begins to receive it before its file lies where partial ones do.
        synchronized (admission) {
            record = disk.call(() -> complete.demote(digest, damaged));
            record.ifPresent(known -> partials.put(digest, partialFile(digest, known)));
        }
        complete.tellListeners();
        return record.isPresent();
    }

    @Override
    public final void listen(Listener listener) {
        complete.listen(listener);
    }

    @Override
    public final Usage usage() {
        synchronized (lock) {
            Quota.Load load = load();
            long present = partials.values().stream()
                    .mapToLong(PartialFile::presentBytes)
                    .sum();
            long used = complete.bytes() + present;
            try {
                return new Usage(used, load.promisedBytes() - used, quota.limitBytes(load));
            } catch (IOException e) {
                log.warn("the file system does not say how full it is: {}", e.toString());
                return new Usage(used, load.promisedBytes() - used, load.promisedBytes());
            }
        }
    }

    /** Keeps what has arrived of partial blobs; whoever still writes to one gets an {@link IOException}. */
    @Override
    public void close() {
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
        }
        for (PartialFile partial : partials.values()) {
            closing(partial::close);
        }
        closing(complete::saveUses);
        disk.close();
        index.close();
    }

    private interface Closing {
        void run() throws IOException;
    }

    private static void closing(Closing step) {
        try {
            step.run();
        } catch (IOException e) {
            log.warn("closing the store: {}", e.toString());
        }
    }

    private final class Owner implements PartialOwner {
        @Override
        public long barrierBytes() {
            return barrierBytes;
        }

        @Override
        public Instant now() {
            return clock.instant();
        }

        @Override
        public StoredBlob finish(PartialFile partial, Ladder ladder, String mediaType, String source)
                throws IOException {
            Digest digest = partial.digest();
            StoredBlob blob = new StoredBlob(
                    digest,
                    partial.sizeBytes(),
                    isText(mediaType) ? mediaType : "",
                    isText(source) ? Set.of(source) : Set.of(),
                    clock.instant());
            boolean recorded = false;
            try {
                partial.publish(layout);
                int firstPage = partial.record().rungs() / Ladder.PAGE_RUNGS;
                index.complete(blob, firstPage, ladder.pages(firstPage));
                recorded = true;
            } finally {
                if (!recorded) {
                    Files.deleteIfExists(layout.blob(digest));
                    drop(partial);
                }
            }
            synchronized (lock) {
                partials.remove(digest, partial);
                complete.add(blob);
            }
            complete.tellListeners();
            return blob;
        }

        /** The record goes first and for good: another file will take the name. */
        @Override
        public void drop(PartialFile partial) throws IOException {
            partial.retire();
            if (partial.isRecorded()) {
                index.removePartial(partial.digest());
            }
            synchronized (lock) {
                if (partials.remove(partial.digest(), partial)) {
                    Files.deleteIfExists(layout.partial(partial.digest()));
                }
            }
        }
    }
}
