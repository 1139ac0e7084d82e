package ringpull.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import ringpull.hash.Sha256;

/**
 * Proves a blob by its ladder: a chunk holds if it leads from the rung before it to the rung after it, the last one to
 * the digest. Chunks are checked in any order, by any number of platform threads, many at a time on each. When every one
 * has held, exactly the SHA-256 of the whole has been computed; until then a chunk that holds is only what the ladder's
 * author says it is.
 */
public final class LadderProof {
    /** So many chunks are hashed side by side. */
    public static final int LANES = 16;

    /** Of each of them at a time: together they fit a core's L2 cache. */
    private static final int STEP_BYTES = 32 << 10;

    private static final ThreadLocal<Lanes> MEMORY = ThreadLocal.withInitial(Lanes::new);

    /** What one thread hashes in. */
    private static final class Lanes {
        private final ByteBuffer data = ByteBuffer.allocateDirect(LANES * STEP_BYTES);
        private final ByteBuffer values = ByteBuffer.allocateDirect(LANES * Sha256.VALUE_BYTES);
    }

    private final Digest digest;
    private final Ladder ladder;
    private final Sha256 sha256;
    private final int chunks;
    private final BitSet proven = new BitSet();

    public LadderProof(Digest digest, Ladder ladder) {
        this(digest, ladder, Sha256.fastest());
    }

    /** Goes on where these chunks have held already: nobody hashes them again. */
    public LadderProof(Digest digest, Ladder ladder, BitSet held) {
        this(digest, ladder);
        proven.or(held);
        proven.clear(chunks, Math.max(chunks, proven.length()));
    }

    /** With this code, and no other. */
    public LadderProof(Digest digest, Ladder ladder, Sha256 sha256) {
        this.digest = digest;
        this.ladder = ladder;
        this.sha256 = sha256;
        // An empty blob is one link, too: from the initial value to the digest.
        this.chunks = Math.max(1, Chunk.count(ladder.sizeBytes()));
    }

    public Ladder ladder() {
        return ladder;
    }

    /** How many links there are to check. */
    public int links() {
        return chunks;
    }

    /**
     * Reads these chunks of the file and checks them.
     *
     * @return those that do not hold: either they or the ladder are not the blob's
     * @throws IOException if the file cannot be read, or ends too early; then nothing is said of these chunks
     */
    public BitSet check(BlobFile file, BitSet wanted) throws IOException {
        if (wanted.length() > chunks) {
            throw new IllegalArgumentException("chunk " + (wanted.length() - 1) + " of " + chunks);
        }
        BitSet held = new BitSet();
        int[] group = new int[LANES];
        int lanes = 0;
        for (int chunk = wanted.nextSetBit(0); chunk >= 0; chunk = wanted.nextSetBit(chunk + 1)) {
            if (chunk == chunks - 1) {
                held.set(chunk, holdsLast(file));
            } else {
                group[lanes++] = chunk;
            }
            if (lanes == LANES) {
                checkSideBySide(file, group, held);
                lanes = 0;
            }
        }
        if (lanes > 0) {
            checkSideBySide(file, Arrays.copyOf(group, lanes), held);
        }
        synchronized (this) {
            proven.or(held);
        }
        BitSet failed = (BitSet) wanted.clone();
        failed.andNot(held);
        return failed;
    }

    private void checkSideBySide(BlobFile file, int[] group, BitSet held) throws IOException {
        Lanes memory = MEMORY.get();
        ByteBuffer values = memory.values.clear();
        for (int chunk : group) {
            values.put(ladder.rung(chunk));
        }
        values.flip();
        for (int step = 0; step < Chunk.SIZE_BYTES; step += STEP_BYTES) {
            ByteBuffer data = memory.data.clear();
            for (int chunk : group) {
                data.limit(data.position() + STEP_BYTES);
                read(file, (long) chunk * Chunk.SIZE_BYTES + step, data);
            }
            sha256.compress(values, data.flip(), STEP_BYTES, STEP_BYTES / Sha256.BLOCK_BYTES, group.length);
        }
        for (int chunk : group) {
            values.limit(values.position() + Sha256.VALUE_BYTES);
            held.set(chunk, ladder.isRung(chunk + 1, values));
            values.position(values.limit());
        }
    }

    /** The last chunk is shorter, and has SHA-256's padding behind it. */
    private boolean holdsLast(BlobFile file) throws IOException {
        ByteBuffer data = MEMORY.get().data;
        long offset = (long) (chunks - 1) * Chunk.SIZE_BYTES;
        Chain chain = new Chain(sha256, ladder.rung(chunks - 1), offset);
        while (offset < ladder.sizeBytes()) {
            data.clear().limit((int) Math.min(STEP_BYTES, ladder.sizeBytes() - offset));
            read(file, offset, data);
            offset += data.position();
            chain.update(data.flip());
        }
        return chain.finish().equals(digest);
    }

    private static void read(BlobFile file, long offset, ByteBuffer into) throws IOException {
        long at = offset;
        while (into.hasRemaining()) {
            int read = file.channel().read(into, at);
            if (read < 0) {
                throw new IOException("the file of " + file.digest() + " ends at byte " + at);
            }
            at += read;
        }
    }

    /** Counts chunks as held whose hash is known already: where these rungs, which were computed, are the ladder's, too. */
    public synchronized void accept(Rungs front) {
        int count = Math.min(front.count(), chunks - 1);
        for (int chunk = 0;
                chunk < count && ladder.isRung(chunk + 1, ByteBuffer.wrap(front.rung(chunk + 1)));
                chunk++) {
            proven.set(chunk);
        }
    }

    /**
     * Adds the rungs above those chunks that have held without a gap from the first one on: whoever made the ladder, these
     * were computed.
     */
    public synchronized void extend(Rungs front) {
        int chunk = front.count();
        while (chunk < chunks - 1 && proven.nextClearBit(0) > chunk) {
            front.add(ladder.rung(++chunk));
        }
    }

    /** The chunks that have not held yet. */
    public synchronized BitSet unproven() {
        BitSet left = new BitSet();
        left.set(0, chunks);
        left.andNot(proven);
        return left;
    }

    /** The chunks that have held. */
    public synchronized BitSet held() {
        return (BitSet) proven.clone();
    }

    /** How many chunks have held. */
    public synchronized int provenLinks() {
        return proven.cardinality();
    }

    /** Whether this chunk has held. */
    public synchronized boolean isProven(int chunk) {
        return proven.get(chunk);
    }

    /**
     * Ends the proof.
     *
     * @throws IllegalStateException if a link has not held
     */
    public ProvenBlob finish() {
        if (provenLinks() != chunks) {
            throw new IllegalStateException(provenLinks() + " of " + chunks + " links of " + digest + " have held");
        }
        return new ProvenBlob(digest, ladder);
    }
}
