package ringpull.store;

import java.io.IOException;
import java.time.Instant;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.blob.Ladder;

/**
 * What a {@link FileBlobStore} knows of its files across restarts. "Durable" means that it survives a power loss; all
 * else survives the death of the daemon. Safe for many threads; every call may block on the disk.
 */
public interface Index extends AutoCloseable {
    /** What an earlier life recorded; called once, first. */
    Contents load() throws IOException;

    /**
     * The blob is complete; a record of its partial file goes in the same step. Durable.
     *
     * @param pages of its ladder, from this one on, the others being here already
     */
    void complete(StoredBlob blob, int firstPage, List<byte[]> pages) throws IOException;

    /**
     * The blob is complete no more, and partial again. Durable.
     *
     * @param claim its ladder, if the record says what was checked against that; else nothing
     */
    void demote(Digest digest, PartialRecord record, List<byte[]> claim) throws IOException;

    /** These are pages of a complete blob's ladder, from the first on. */
    void ladder(Digest digest, List<byte[]> pages) throws IOException;

    /** A page of a ladder, of a complete or a partial blob; empty if it is not here, or damaged. */
    Optional<byte[]> ladderPage(Digest digest, int page) throws IOException;

    /** A partial blob's chunks are checked against this ladder, whoever said it; it goes with the partial file's record. */
    void claim(Digest digest, List<byte[]> pages) throws IOException;

    /** As {@link #ladderPage}, of what {@link #claim} has kept. */
    Optional<byte[]> claimPage(Digest digest, int page) throws IOException;

    /** Last uses and sources changed. */
    void update(Collection<StoredBlob> blobs) throws IOException;

    /** The complete blob goes, with its ladder. */
    void remove(Digest digest) throws IOException;

    /**
     * These chunks are in the partial file, and so many of them, from the front, were hashed.
     *
     * @param pages of its ladder, from this one on, that have changed since the last record
     */
    void partial(Digest digest, PartialRecord record, boolean durable, int firstPage, List<byte[]> pages)
            throws IOException;

    /** Nothing is in the partial file any more, and no rung is true. Durable, for another file may take its name. */
    void removePartial(Digest digest) throws IOException;

    void tag(ImageName tag, TagRecords.TagRecord record) throws IOException;

    void removeTag(ImageName tag) throws IOException;

    /** Later calls fail with an {@link IOException}. */
    @Override
    void close();

    record Contents(
            List<StoredBlob> blobs, Map<Digest, PartialRecord> partials, Map<ImageName, TagRecords.TagRecord> tags) {}

    /**
     * @param allocated whether the file's blocks were handed out when it was created
     * @param present chunks whose bytes are on disk
     * @param rungs how many of the first chunks, all of them present, were hashed; their rungs are kept beside this
     * @param checked what was checked against the ladder that {@link #claim} keeps
     */
    record PartialRecord(
            long sizeBytes, boolean allocated, BitSet present, int rungs, Instant lastUse, Optional<Checked> checked) {
        public PartialRecord {
            present = (BitSet) present.clone();
        }

        /** Where no ladder is kept. */
        public PartialRecord(long sizeBytes, boolean allocated, BitSet present, int rungs, Instant lastUse) {
            this(sizeBytes, allocated, present, rungs, lastUse, Optional.empty());
        }

        PartialRecord unchecked() {
            return new PartialRecord(sizeBytes, allocated, present, rungs, lastUse);
        }

        /** Of a blob that was complete, and lacks these chunks now; all others were checked just now, or none was. */
        static PartialRecord without(BitSet damaged, StoredBlob blob, boolean checked) {
            BitSet present = new BitSet();
            present.set(0, Chunk.count(blob.sizeBytes()));
            present.andNot(damaged);
            int rungs = Math.min(present.nextClearBit(0), Ladder.rungCount(blob.sizeBytes()));
            Optional<Checked> held = checked ? Optional.of(new Checked(true, present)) : Optional.empty();
            return new PartialRecord(blob.sizeBytes(), true, present, rungs, blob.lastUse(), held);
        }

        @Override
        public BitSet present() {
            return (BitSet) present.clone();
        }
    }

    /**
     * @param own whether the ladder was proven here, when the blob was complete
     * @param held present chunks that fit it
     */
    record Checked(boolean own, BitSet held) {
        public Checked {
            held = (BitSet) held.clone();
        }

        @Override
        public BitSet held() {
            return (BitSet) held.clone();
        }
    }
}
