package ringpull.mirror;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import ringpull.origin.OriginStream;

/** An authentic origin's stream that gives its bytes as far as the test lets it. */
final class ScriptedStream implements OriginStream {
    private final byte[] bytes;
    private final String mediaType;
    private final Semaphore moreMayCome = new Semaphore(0);
    private volatile int end;
    private volatile boolean broken;
    private volatile boolean closed;
    private int position;

    /** Gives all its bytes at once. */
    ScriptedStream(byte[] bytes, String mediaType) {
        this.bytes = bytes;
        this.mediaType = mediaType;
        this.end = bytes.length;
    }

    /** Gives only the bytes before this offset, until {@link #upTo} says more. */
    ScriptedStream(byte[] bytes, String mediaType, int end) {
        this(bytes, mediaType);
        this.end = end;
    }

    void upTo(int offset) {
        end = offset;
        moreMayCome.release();
    }

    void breakOff() {
        broken = true;
        moreMayCome.release();
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public long sizeBytes() {
        return bytes.length;
    }

    @Override
    public String mediaType() {
        return mediaType;
    }

    @Override
    public boolean authentic() {
        return true;
    }

    @Override
    public String endpoint() {
        return "https://reg.test";
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        try {
            while (position == end && !broken && end < bytes.length) {
                moreMayCome.acquire();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (broken) {
            throw new IOException("reset by the origin");
        }
        if (position == bytes.length) {
            return -1;
        }
        int length = Math.min(into.remaining(), end - position);
        into.put(bytes, position, length);
        position += length;
        return length;
    }

    @Override
    public void close() {
        closed = true;
    }
}
