package ringpull.origin.oci;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
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
            Body end) {
        this.endpoint = endpoint;
        this.mediaType = mediaType;
        this.sizeBytes = sizeBytes;
        this.remaining = remaining;
        this.toSkip = toSkip;
        this.authentic = authentic;
        this.body = body;
        this.end = end;
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
            length = body.read(into.array(), into.arrayOffset() + into.position(), wanted);
            into.position(into.position() + Math.max(length, 0));
        } else {
            byte[] step = new byte[Math.min(wanted, STEP_BYTES)];
            length = body.read(step);
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

    private void skip() throws IOException {
        byte[] step = new byte[STEP_BYTES];
        while (toSkip > 0) {
            int length = body.read(step, 0, (int) Math.min(toSkip, step.length));
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

        @Override
        void close();
    }
}
