package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.metrics.Meters;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;
import ringpull.store.PartialBlob;
import ringpull.swarm.Event;
import ringpull.swarm.Event.Outcome;

/** This node's part of a blob: the runs that it reads from the origin for the whole swarm. */
final class OriginPart {
    private static final int STEP_BYTES = 256 << 10;

    private final SwarmPull pull;
    private final BlobRequest wish;
    private final Fetcher.Parts parts;
    private final AtomicLong bytes = new AtomicLong();

    /** Streams that broke off inside a chunk: the next one there goes on behind the same byte. */
    private final Map<Integer, ChunkWriter> broken = new ConcurrentHashMap<>();

    OriginPart(SwarmPull pull, BlobRequest wish, Fetcher.Parts parts) {
        this.pull = pull;
        this.wish = wish;
        this.parts = parts;
    }

    /** Bytes that came from the origin. */
    long bytes() {
        return bytes.get();
    }

    SwarmRead.Ended read(SwarmRead read) throws IOException, InterruptedException {
        ChunkWriter begun = broken.remove(read.run().first());
        long offset = begun == null ? (long) read.run().first() * Chunk.SIZE_BYTES : begun.offset();
        long end = (long) read.run().end() * Chunk.SIZE_BYTES;
        if (pull.isOpen()) {
            end = Math.min(end, pull.partial().sizeBytes());
        }
        try (OriginStream stream = parts.sources()
                .origin()
                .openRun(wish.repository().orElseThrow(), wish.digest(), new ByteRange(offset, end - offset))) {
            read.stopBy(stream::close);
            pull.mediaType(stream.mediaType());
            pull.happened(new Event.Sized(wish.digest(), stream.sizeBytes()));
            PartialBlob partial = pull.partial();
            if (stream.sizeBytes() != partial.sizeBytes()) {
                parts.journal()
                        .note(
                                wish.digest(),
                                "fallback",
                                stream.endpoint(),
                                0,
                                "it has " + stream.sizeBytes() + " bytes");
                return SwarmRead.Ended.of(Outcome.REFUSED);
            }
            Sink sink = new Sink(read, new Attesting.Source(stream.endpoint(), stream.authentic()));
            ChunkWriter writer =
                    begun == null ? new ChunkWriter(partial, read.run().first(), sink) : begun;
            writer.tell(sink);
            return copy(read, stream, writer);
        } catch (OriginException e) {
            parts.journal().note(wish.digest(), "fallback", "origin", 0, String.valueOf(e.getMessage()));
            return ended(e);
        }
    }

    /** Tells of chunks under the read that brings them now. */
    private final class Sink implements ChunkWriter.Chunks {
        private final SwarmRead read;
        private final Attesting.Source source;

        Sink(SwarmRead read, Attesting.Source source) {
            this.read = read;
            this.source = source;
        }

        @Override
        public void written(int chunk, Digest hash) throws IOException {
            pull.written(read, chunk, hash, source);
        }
    }

    private SwarmRead.Ended copy(SwarmRead read, OriginStream stream, ChunkWriter writer)
            throws IOException, InterruptedException {
        ByteBuffer step = ByteBuffer.allocate(STEP_BYTES);
        while (!read.isCancelled() && writer.chunk() < read.end()) {
            long left = Math.min((long) read.end() * Chunk.SIZE_BYTES - writer.offset(), STEP_BYTES);
            int length;
            try {
                length = stream.read(step.clear().limit((int) left));
            } catch (IOException e) {
                if (writer.offset() % Chunk.SIZE_BYTES != 0) {
                    broken.put(writer.chunk(), writer);
                }
                return SwarmRead.Ended.of(Outcome.CUT);
            }
            if (length < 0) {
                return SwarmRead.Ended.of(Outcome.DONE);
            }
            bytes.addAndGet(length);
            parts.meters().received(Meters.Source.ORIGIN, length);
            writer.write(writer.offset(), step.flip());
            read.moved();
        }
        return SwarmRead.Ended.of(Outcome.DONE);
    }

    private static SwarmRead.Ended ended(OriginException e) {
        return switch (e) {
            case OriginException.Busy busy ->
                new SwarmRead.Ended(Outcome.BUSY, busy.retryAfter().toNanos());
            case OriginException.Unreachable unreachable ->
                unreachable.retryAfter().isPositive()
                        ? new SwarmRead.Ended(
                                Outcome.BUSY, unreachable.retryAfter().toNanos())
                        : SwarmRead.Ended.of(Outcome.CUT);
            case OriginException.NotFound _,
                    OriginException.Denied _,
                    OriginException.Forbidden _,
                    OriginException.Malformed _ -> SwarmRead.Ended.of(Outcome.REFUSED);
        };
    }
}
