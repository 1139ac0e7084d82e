package ringpull.blob;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ringpull.hash.Sha256;

/**
 * The SHA-256 chaining values of a blob where its chunks meet, its <em>rungs</em>: 32 bytes a MiB. Rung i is the value
 * before chunk i; rung 0 is SHA-256's initial value, and what follows the last chunk is the digest, so neither is kept. A
 * ladder is a claim until a {@link LadderProof} has checked every link. Immutable.
 */
public final class Ladder {
    /** Rungs in every page but the last. */
    public static final int PAGE_RUNGS = 512;

    public static final int RUNG_BYTES = Sha256.VALUE_BYTES;

    public static final int PAGE_BYTES = PAGE_RUNGS * RUNG_BYTES;

    private final long sizeBytes;
    private final List<byte[]> pages;

    /**
     * A ladder as it was kept or sent: rung 1 first.
     *
     * @throws IllegalArgumentException if these are not as many bytes as a blob of this size has rungs
     */
    public Ladder(long sizeBytes, List<byte[]> pages) {
        if (sizeBytes < 0 || sizeBytes > Chunk.BLOB_BYTES_MAX || pages.size() != pageCount(sizeBytes)) {
            throw new IllegalArgumentException(pages.size() + " pages are no ladder of " + sizeBytes + " bytes");
        }
        for (int page = 0; page < pages.size(); page++) {
            if (pages.get(page).length != pageBytes(page, sizeBytes)) {
                throw new IllegalArgumentException("page " + page + " of a ladder of " + sizeBytes + " bytes has "
                        + pages.get(page).length + " bytes instead of " + pageBytes(page, sizeBytes));
            }
        }
        this.sizeBytes = sizeBytes;
        this.pages = pages.stream().map(byte[]::clone).toList();
    }

    /** How many rungs are kept of a blob of this size. */
    public static int rungCount(long sizeBytes) {
        return Math.max(0, Chunk.count(sizeBytes) - 1);
    }

    /** How many pages they fill. */
    public static int pageCount(long sizeBytes) {
        return (rungCount(sizeBytes) + PAGE_RUNGS - 1) / PAGE_RUNGS;
    }

    /** The size of this page of the ladder of a blob of this size. */
    public static int pageBytes(int page, long sizeBytes) {
        return Math.min(PAGE_RUNGS, rungCount(sizeBytes) - page * PAGE_RUNGS) * Sha256.VALUE_BYTES;
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    /** A copy of a page. */
    public byte[] page(int page) {
        return pages.get(page).clone();
    }

    /** Copies of the pages from this one on; none if there are no more. */
    public List<byte[]> pages(int from) {
        return pages.stream().skip(from).map(byte[]::clone).toList();
    }

    /** The SHA-256 of so many rungs, from the first one of a page on; empty if there are not so many. */
    public Optional<Digest> hash(int firstPage, int rungs) {
        if (firstPage < 0 || rungs < 0 || (long) firstPage * PAGE_RUNGS + rungs > rungCount(sizeBytes)) {
            return Optional.empty();
        }
        MessageDigest hash = Digest.hasher();
        int left = rungs * Sha256.VALUE_BYTES;
        for (int page = firstPage; left > 0; page++) {
            int length = Math.min(left, pages.get(page).length);
            hash.update(pages.get(page), 0, length);
            left -= length;
        }
        return Optional.of(Digest.ofBytes(hash.digest()));
    }

    /** Whether both lead from the same value through this chunk, not the last, to the same value. */
    public boolean hasLinkOf(Ladder other, int chunk) {
        return sizeBytes == other.sizeBytes
                && chunk + 1 < Chunk.count(sizeBytes)
                && (chunk == 0 || kept(chunk).equals(other.kept(chunk)))
                && kept(chunk + 1).equals(other.kept(chunk + 1));
    }

    /** The value before this chunk. */
    byte[] rung(int chunk) {
        byte[] value = new byte[Sha256.VALUE_BYTES];
        if (chunk == 0) {
            return Sha256.initialValue();
        }
        kept(chunk).get(value);
        return value;
    }

    /** Whether the value before this chunk, not the first, is what remains in the buffer. */
    boolean isRung(int chunk, ByteBuffer value) {
        return kept(chunk).equals(value);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Ladder o
                && sizeBytes == o.sizeBytes
                && Arrays.deepEquals(pages.toArray(), o.pages.toArray());
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(pages.toArray());
    }

    private ByteBuffer kept(int chunk) {
        int at = chunk - 1;
        return ByteBuffer.wrap(pages.get(at / PAGE_RUNGS), at % PAGE_RUNGS * Sha256.VALUE_BYTES, Sha256.VALUE_BYTES);
    }
}
