package ringpull.store;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;

/**
 * Makes index and files agree when a store opens. A file without a record is removed, for nothing says that it was
 * proven; a record without its file, or with a file of another size, is dropped. Both are fetched again when asked for.
 */
final class Recovery {
    private static final Logger log = LoggerFactory.getLogger(Recovery.class);

    private final Layout layout;
    private final Index index;

    Recovery(Layout layout, Index index) {
        this.layout = layout;
        this.index = index;
    }

    /** What both agree on. */
    Index.Contents run() throws IOException {
        Index.Contents recorded = index.load();
        return new Index.Contents(complete(recorded.blobs()), partial(recorded.partials()), recorded.tags());
    }

    private List<StoredBlob> complete(List<StoredBlob> records) throws IOException {
        Map<Digest, Long> files = layout.blobFiles();
        List<StoredBlob> kept = new ArrayList<>();
        for (StoredBlob blob : records) {
            Long size = files.get(blob.digest());
            if (size != null && size == blob.sizeBytes()) {
                files.remove(blob.digest());
                kept.add(blob);
            } else {
                log.warn("{} is dropped: {}", blob.digest(), mismatch(size, blob.sizeBytes()));
                index.remove(blob.digest());
            }
        }
        for (Digest digest : files.keySet()) {
            log.info("the file of {} is removed: nothing says that it was proven", digest);
            Files.deleteIfExists(layout.blob(digest));
        }
        return kept;
    }

    private Map<Digest, Index.PartialRecord> partial(Map<Digest, Index.PartialRecord> records) throws IOException {
        Map<Digest, Long> files = layout.partialFiles();
        Map<Digest, Index.PartialRecord> kept = new HashMap<>();
        for (Map.Entry<Digest, Index.PartialRecord> entry : records.entrySet()) {
            Digest digest = entry.getKey();
            Long size = files.get(digest);
            if (size != null && size == entry.getValue().sizeBytes()) {
                files.remove(digest);
                kept.put(digest, entry.getValue());
            } else {
                log.info(
                        "partial {} is dropped: {}",
                        digest,
                        mismatch(size, entry.getValue().sizeBytes()));
                index.removePartial(digest);
            }
        }
        for (Digest digest : files.keySet()) {
            Files.deleteIfExists(layout.partial(digest));
        }
        return kept;
    }

    private static String mismatch(@Nullable Long fileBytes, long recordedBytes) {
        return fileBytes == null
                ? "its file is gone"
                : "its file has " + fileBytes + " bytes instead of " + recordedBytes;
    }
}
