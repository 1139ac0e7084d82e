package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import ringpull.blob.Chain;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.store.PartialBlob;
import ringpull.transport.Landing;

/** Writes bytes that come in order into a partial blob, and hashes each chunk on the way. Used by one thread at a time. */
final class ChunkWriter implements Landing {
    private final PartialBlob partial;
    private Chunks chunks;
    private final Chain chain = new Chain();
    private long offset;

    /** Told of each chunk that is written whole. */
    interface Chunks {
        void written(int chunk, Digest hash) throws IOException;
    }

    /** @param chunk where the bytes begin */
    ChunkWriter(PartialBlob partial, int chunk, Chunks chunks) {
        this.partial = partial;
        this.chunks = chunks;
        this.offset = (long) chunk * Chunk.SIZE_BYTES;
    }

    /** From now on others are told of chunks. */
    void tell(Chunks of) {
        chunks = of;
    }

    /** Where the next byte belongs. */
    long offset() {
        return offset;
    }

    /** The chunk that the next byte belongs to. */
    int chunk() {
        return (int) (offset / Chunk.SIZE_BYTES);
    }

    @Override
    public void write(long at, ByteBuffer bytes) throws IOException {
        if (at != offset) {
            throw new IOException("bytes at " + at + " in place of " + offset);
        }
        int limit = bytes.limit();
        while (bytes.position() < limit) {
            int chunk = chunk();
            long end = Math.min((chunk + 1L) * Chunk.SIZE_BYTES, partial.sizeBytes());
            int length = (int) Math.min(limit - bytes.position(), end - offset);
            if (length <= 0) {
                throw new IOException("more bytes than the blob has");
            }
            bytes.limit(bytes.position() + length);
            chain.update(bytes.duplicate());
            partial.write(offset, bytes);
            bytes.limit(limit);
            offset += length;
            if (offset == end) {
                chunks.written(chunk, chain.finish());
            }
        }
    }
}
