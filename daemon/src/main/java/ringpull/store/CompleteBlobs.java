package ringpull.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.ProvenBlob;
import ringpull.store.BlobStore.Listener;

/**
 * The complete blobs: files, records and news change in one order, under this object's monitor; look-ups take no lock
 * and no disk. Last uses and sources reach the index in batches.
 */
final class CompleteBlobs {
    private static final Logger log = LoggerFactory.getLogger(CompleteBlobs.class);

    private final Layout layout;
    private final Index index;
    private final InstantSource clock;
    private final Changes changes = new Changes();
    private final Map<Digest, StoredBlob> blobs = new ConcurrentHashMap<>();

    /** Blobs whose last use or sources the index does not know yet. */
    private final Set<Digest> unsaved = ConcurrentHashMap.newKeySet();

    private long bytes;

    CompleteBlobs(Layout layout, Index index, InstantSource clock, Collection<StoredBlob> known) {
        this.layout = layout;
        this.index = index;
        this.clock = clock;
        for (StoredBlob blob : known) {
            blobs.put(blob.digest(), blob);
            bytes += blob.sizeBytes();
        }
    }

    Optional<StoredBlob> find(Digest digest) {
        return Optional.ofNullable(blobs.get(digest));
    }

    List<StoredBlob> list() {
        return List.copyOf(blobs.values());
    }

    /** The sizes of all together. */
    synchronized long bytes() {
        return bytes;
    }

    synchronized void listen(Listener listener) {
        changes.listen(listener);
    }

    /** Tells listeners what has changed; called with no lock held. */
    void tellListeners() {
        changes.deliver();
    }

    Optional<BlobFile> open(Digest digest) throws IOException {
        Optional<BlobFile> file = inspect(digest);
        if (file.isPresent() && blobs.computeIfPresent(digest, (d, known) -> used(known, clock.instant())) != null) {
            unsaved.add(digest);
        }
        return file;
    }

    Optional<BlobFile> inspect(Digest digest) throws IOException {
        StoredBlob blob = blobs.get(digest);
        if (blob == null) {
            return Optional.empty();
        }
        FileChannel channel;
        try {
            channel = FileChannel.open(layout.blob(digest), StandardOpenOption.READ);
        } catch (NoSuchFileException e) {
            lose(blob, "its file is gone");
            return Optional.empty();
        }
        long fileBytes = channel.size();
        if (fileBytes != blob.sizeBytes()) {
            channel.close();
            lose(blob, "its file has " + fileBytes + " bytes instead of " + blob.sizeBytes());
            return Optional.empty();
        }
        return Optional.of(new BlobFile(digest, blob.sizeBytes(), channel));
    }

    /** The kernel moves the time of change forward with every write, and nobody can set it. */
    long stamp(Digest digest) throws IOException {
        try {
            return ((FileTime) Files.getAttribute(layout.blob(digest), "unix:ctime")).to(TimeUnit.NANOSECONDS);
        } catch (NoSuchFileException e) {
            return 0;
        }
    }

    private static StoredBlob used(StoredBlob blob, Instant now) {
        return new StoredBlob(blob.digest(), blob.sizeBytes(), blob.mediaType(), blob.sources(), now);
    }

    private void lose(StoredBlob blob, String why) throws IOException {
        if (drop(blob.digest())) {
            log.warn("{} is dropped: {}", blob.digest(), why);
            tellListeners();
        }
    }

    void noteSource(Digest digest, String repository) {
        StoredBlob blob = blobs.get(digest);
        if (blob == null || blob.sources().contains(repository) || !FileBlobStore.isText(repository)) {
            return;
        }
        blobs.computeIfPresent(digest, (d, known) -> {
            Set<String> sources = new HashSet<>(known.sources());
            if (sources.size() < FileBlobStore.SOURCES_MAX) {
                sources.add(repository);
            }
            return new StoredBlob(d, known.sizeBytes(), known.mediaType(), sources, known.lastUse());
        });
        unsaved.add(digest);
    }

    /** Takes in a blob that the index knows already. */
    synchronized void add(StoredBlob blob) {
        blobs.put(blob.digest(), blob);
        bytes += blob.sizeBytes();
        changes.added(blob);
    }

    /** The record goes before the file: a file without a record is never served. True if the blob was there. */
    synchronized boolean drop(Digest digest) throws IOException {
        StoredBlob blob = blobs.get(digest);
        if (blob == null) {
            return false;
        }
        index.remove(digest);
        blobs.remove(digest);
        bytes -= blob.sizeBytes();
        changes.removed(digest);
        Files.deleteIfExists(layout.blob(digest));
        return true;
    }

    /** The file becomes a partial one, of which this is the record; that goes first. Empty if the blob is not there. */
    synchronized Optional<Index.PartialRecord> demote(Digest digest, BitSet damaged) throws IOException {
        StoredBlob blob = blobs.get(digest);
        if (blob == null) {
            return Optional.empty();
        }
        Optional<List<byte[]>> ladder = ladder(blob);
        Index.PartialRecord record = Index.PartialRecord.without(damaged, blob, ladder.isPresent());
        index.demote(digest, record, ladder.orElse(List.of()));
        blobs.remove(digest);
        bytes -= blob.sizeBytes();
        changes.removed(digest);
        layout.unpublish(digest);
        return Optional.of(record);
    }

    private Optional<List<byte[]>> ladder(StoredBlob blob) throws IOException {
        List<byte[]> pages = new ArrayList<>();
        for (int page = 0; page < Ladder.pageCount(blob.sizeBytes()); page++) {
            Optional<byte[]> found = index.ladderPage(blob.digest(), page);
            if (found.isEmpty() || found.get().length != Ladder.pageBytes(page, blob.sizeBytes())) {
                return Optional.empty();
            }
            pages.add(found.get());
        }
        return Optional.of(pages);
    }

    /** Under the lock that a removal takes: no ladder outlives its blob. */
    synchronized void keepLadder(ProvenBlob proof) throws IOException {
        if (blobs.containsKey(proof.digest())) {
            index.ladder(proof.digest(), proof.ladder().pages(0));
        }
    }

    /** Brings last uses and sources to the index. */
    synchronized void saveUses() throws IOException {
        List<StoredBlob> changed = new ArrayList<>();
        for (Digest digest : List.copyOf(unsaved)) {
            unsaved.remove(digest);
            StoredBlob blob = blobs.get(digest);
            if (blob != null) {
                changed.add(blob);
            }
        }
        if (!changed.isEmpty()) {
            index.update(changed);
        }
    }
}
