package ringpull.store;

import java.io.IOException;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.ImageName;

/** Tag records in memory, and in the index for the next start. */
final class IndexedTags implements TagRecords {
    private static final Logger log = LoggerFactory.getLogger(IndexedTags.class);

    /** Beyond this many the oldest answers are forgotten, an eighth of them at a time. */
    static final int TAGS_MAX = 16_384;

    private final Map<ImageName, TagRecord> records;
    private final Index index;
    private final DiskThreads disk;

    IndexedTags(Map<ImageName, TagRecord> known, Index index, DiskThreads disk) {
        this.records = new ConcurrentHashMap<>(known);
        this.index = index;
        this.disk = disk;
    }

    /** Known at once; on its way to the index when this returns, so that no client waits for a busy disk. */
    @Override
    public void record(ImageName tag, TagRecord answer) {
        records.put(tag, answer);
        disk.execute(() -> save(tag));
    }

    private synchronized void save(ImageName tag) {
        try {
            TagRecord latest = records.get(tag);
            if (latest != null) {
                index.tag(tag, latest);
            }
            if (records.size() > TAGS_MAX) {
                forgetOldest();
            }
        } catch (IOException e) {
            log.warn("the answer for {} is remembered only until the next start: {}", tag, e.toString());
        }
    }

    private void forgetOldest() throws IOException {
        var oldest = records.entrySet().stream()
                .sorted(Comparator.comparing(entry -> entry.getValue().resolvedAt()))
                .limit(TAGS_MAX / 8)
                .map(Map.Entry::getKey)
                .toList();
        for (ImageName tag : oldest) {
            records.remove(tag);
            index.removeTag(tag);
        }
    }

    @Override
    public Optional<TagRecord> find(ImageName tag) {
        return Optional.ofNullable(records.get(tag));
    }
}
