package ringpull.origin.oci;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import ringpull.origin.OriginStream;

/** A body of known length. */
final class ContentStream implements OriginStream {
    private static final int STEP_BYTES = 64 << 10;

    private final String endpoint;
    private final String mediaType;
    private final long sizeBytes;
    private final boolean authentic;
    private final InputStream body;
    private final Body end;
    private final Surroundings.Floor floor;
    private long windowBytes;
    private long windowNanos;
    private long toSkip;
    private long remaining;

    /**
     * @param remaining bytes from the stream's offset to the end of the blob
     * @param toSkip bytes that come first and are not wanted
     */
    ContentStream(
            String endpoint,
            String mediaType,
            long sizeBytes,
            long remaining,
            long toSkip,
            boolean authentic,
            InputStream body,
            Body end,
            Surroundings.Floor floor) {
        this.endpoint = endpoint;
        this.mediaType = mediaType;
        this.sizeBytes = sizeBytes;
        this.remaining = remaining;
        this.toSkip = toSkip;
        this.authentic = authentic;
        this.body = body;
        this.end = end;
        this.floor = floor;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public String mediaType() {
        return mediaType;
    }

    @Override
    public boolean authentic() {
        return authentic;
    }

    @Override
    public String endpoint() {
        return endpoint;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        if (toSkip > 0) {
            skip();
        }
        if (remaining == 0) {
            return -1;
        }
        int wanted = (int) Math.min(remaining, into.remaining());
        int length;
        if (into.hasArray()) {
            length = await(into.array(), into.arrayOffset() + into.position(), wanted);
            into.position(into.position() + Math.max(length, 0));
        } else {
            byte[] step = new byte[Math.min(wanted, STEP_BYTES)];
            length = await(step, 0, step.length);
            into.put(step, 0, Math.max(length, 0));
        }
        if (length < 0) {
            throw new EOFException(endpoint + " ended " + remaining + " bytes early");
        }
        remaining -= length;
        if (remaining == 0) {
            end.finished();
        }
        return length;
    }

    /** Reads some bytes, and fails when too few came in all the time that was spent here. */
    private int await(byte[] bytes, int offset, int wanted) throws IOException {
        long start = System.nanoTime();
        int length;
        try {
            length = body.read(bytes, offset, wanted);
        } catch (InterruptedIOException e) {
            end.tooSlow();
            throw e;
        }
        windowNanos += System.nanoTime() - start;
        windowBytes += Math.max(length, 0);
        if (windowNanos >= floor.window().toNanos()) {
            if (windowBytes < floor.bytes()) {
                end.tooSlow();
                throw new InterruptedIOException(endpoint + " sent only " + windowBytes + " bytes in "
                        + floor.window().toSeconds() + " s");
            }
            windowNanos = 0;
            windowBytes = 0;
        }
        return length;
    }

    private void skip() throws IOException {
        byte[] step = new byte[STEP_BYTES];
        while (toSkip > 0) {
            int length = await(step, 0, (int) Math.min(toSkip, step.length));
            if (length < 0) {
                throw new EOFException(endpoint + " ended before the offset that was asked for");
            }
            toSkip -= length;
        }
    }

    @Override
    public void close() {
        end.close();
    }

    /** What the bytes hang on. */
    interface Body extends AutoCloseable {
        /** All was read. */
        void finished() throws IOException;

        /** Nothing came for too long, or too little: another endpoint should be asked first for a while. */
        void tooSlow();

        @Override
        void close();
    }
}
