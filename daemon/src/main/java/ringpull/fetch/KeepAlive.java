package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.ContentKind;
import ringpull.metrics.Meters;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

/** Reads a small piece of a blob from its origin, for a client that would not wait until the blob is proven. */
final class KeepAlive {
    /** Bytes of one piece: enough to be progress, too few to matter to an origin. */
    static final int PIECE_BYTES = 64 << 10;

    private final Origin origin;
    private final Journal journal;
    private final Meters meters;

    KeepAlive(Origin origin, Journal journal, Meters meters) {
        this.origin = origin;
        this.journal = journal;
        this.meters = meters;
    }

    /** The bytes at this offset, never of the last chunk; empty if no authentic origin gives them. */
    Optional<ByteBuffer> piece(BlobRequest request, long sizeBytes, long offset)
            throws IOException, InterruptedException {
        long length = Math.min(PIECE_BYTES, Chunk.lastOffset(sizeBytes) - offset);
        if (length <= 0
                || request.kind() != ContentKind.BLOB
                || request.repository().isEmpty()) {
            return Optional.empty();
        }
        try (OriginStream stream =
                origin.openRun(request.repository().get(), request.digest(), new ByteRange(offset, length))) {
            if (!stream.authentic() || stream.sizeBytes() != sizeBytes) {
                return Optional.empty();
            }
            ByteBuffer piece = ByteBuffer.allocate((int) length);
            while (piece.hasRemaining() && stream.read(piece) >= 0) {}
            if (piece.hasRemaining()) {
                return Optional.empty();
            }
            meters.received(Meters.Source.ORIGIN, length);
            meters.keptAlive(length);
            journal.note(request.digest(), "keep-alive", stream.endpoint(), length, "from byte " + offset);
            return Optional.of(piece.flip());
        } catch (OriginException e) {
            journal.note(
                    request.digest(), "fallback", "origin", 0, "nothing to keep a client alive: " + e.getMessage());
            return Optional.empty();
        }
    }
}
