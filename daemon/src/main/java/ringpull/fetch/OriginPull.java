package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.metrics.Meters;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;
import ringpull.store.PartialBlob;

/**
 * Reads what is missing of one blob from its origin, front to back, and goes on where a stream broke off.
 */
final class OriginPull {
    /** Streams in a row that may end without a byte before we give up. */
    private static final int FRUITLESS_MAX = 3;

    private static final int STEP_BYTES = 256 << 10;

    private final BlobRequest request;
    private final Origin origin;
    private final Journal journal;
    private final Meters meters;

    OriginPull(BlobRequest request, Origin origin, Journal journal, Meters meters) {
        this.request = request;
        this.origin = origin;
        this.journal = journal;
        this.meters = meters;
    }

    /** Opens the blob from this offset; the repository is known. */
    OriginStream open(long offset) throws OriginException, InterruptedException {
        return origin.open(request.repository().orElseThrow(), request.kind(), request.digest(), offset);
    }

    /** Reads every byte that is still absent; opens the blob again where a stream broke off. */
    void rest(PartialBlob partial, Progress progress) throws OriginException, IOException, InterruptedException {
        int fruitless = 0;
        while (partial.presentPrefixBytes() < partial.sizeBytes()) {
            long presentBefore = partial.presentBytes();
            try (OriginStream stream = open(partial.presentPrefixBytes())) {
                if (stream.sizeBytes() != partial.sizeBytes()) {
                    throw new SizeDiffers(partial.sizeBytes(), stream.sizeBytes());
                }
                copy(stream, partial, progress);
                fruitless = partial.presentBytes() > presentBefore ? 0 : fruitless + 1;
                if (fruitless == FRUITLESS_MAX) {
                    throw new OriginException.Unreachable(
                            stream.endpoint() + " broke off " + FRUITLESS_MAX + " times without sending a chunk");
                }
            }
        }
    }

    /**
     * Copies a stream that is open at the first absent byte up to the next byte that is here already. Returns early
     * where the stream breaks off.
     *
     * @throws IOException if this node could not write
     */
    void copy(OriginStream stream, PartialBlob partial, Progress progress) throws IOException {
        ByteBuffer step = ByteBuffer.allocate(STEP_BYTES);
        long from = partial.presentPrefixBytes();
        long offset = from;
        long recorded = from;
        while (offset < partial.sizeBytes() && partial.presentPrefixBytes() <= offset) {
            int length = read(stream, step.clear());
            if (length < 0) {
                break;
            }
            length = (int) Math.min(length, partial.sizeBytes() - offset);
            meters.received(Meters.Source.ORIGIN, length);
            partial.write(offset, step.flip().limit(length));
            offset += length;
            if (offset - recorded >= Chunk.SIZE_BYTES || offset == partial.sizeBytes()) {
                ByteRange range = new ByteRange(recorded, offset - recorded);
                partial.received(range);
                recorded = offset - offset % Chunk.SIZE_BYTES;
                progress.received(range, stream.authentic());
            }
        }
        journal.note(request.digest(), "origin", stream.endpoint(), offset - from, "");
    }

    private int read(OriginStream stream, ByteBuffer step) {
        try {
            return stream.read(step);
        } catch (IOException e) {
            journal.note(request.digest(), "fallback", stream.endpoint(), 0, "the origin broke off: " + e.getMessage());
            return -1;
        }
    }

    /** Told of bytes that arrived. */
    interface Progress {
        /** @param authentic whether the origin proved who it is */
        void received(ByteRange range, boolean authentic);
    }

    /** The ring said another size than the origin does. */
    static final class SizeDiffers extends IOException {
        private final long sizeBytes;

        SizeDiffers(long expected, long actual) {
            super("the ring announced " + expected + " bytes, the origin has " + actual);
            this.sizeBytes = actual;
        }

        /** What the origin says. */
        long sizeBytes() {
            return sizeBytes;
        }
    }
}
