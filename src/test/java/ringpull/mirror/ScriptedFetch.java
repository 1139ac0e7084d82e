package ringpull.mirror;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.fetch.Fetch;

/** A fetch that goes on only when the test says so. */
final class ScriptedFetch implements Fetch {
    private final Content content;
    private final Path file;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final List<FileChannel> opened = new CopyOnWriteArrayList<>();
    private volatile OptionalLong size = OptionalLong.empty();
    private volatile String mediaType = "";
    private volatile long released;
    private volatile boolean handedOff;
    private volatile long wanted;
    private volatile State state = State.RUNNING;
    private volatile String reason = "";
    private volatile String detail = "";

    ScriptedFetch(Path directory, Content content) throws IOException {
        this.content = content;
        this.file = Files.createTempFile(directory, "fetch", "");
    }

    ScriptedFetch sizeKnown(String type) {
        mediaType = type;
        size = OptionalLong.of(content.bytes().length);
        signal();
        return this;
    }

    /** Bytes before this offset have come and may leave. */
    ScriptedFetch release(int end) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(content.bytes(), (int) released, end - (int) released), released);
        }
        released = end;
        signal();
        return this;
    }

    ScriptedFetch prove() throws IOException {
        release(content.bytes().length);
        state = State.PROVEN;
        signal();
        return this;
    }

    ScriptedFetch fail(String why, String sentence) {
        reason = why;
        detail = sentence;
        state = State.FAILED;
        signal();
        return this;
    }

    /** How many answers wait for it. */
    int listeners() {
        return listeners.size();
    }

    boolean allFilesClosed() {
        return opened.stream().noneMatch(FileChannel::isOpen);
    }

    private void signal() {
        listeners.forEach(Runnable::run);
    }

    @Override
    public Digest digest() {
        return content.digest();
    }

    @Override
    public OptionalLong sizeBytes() {
        return size;
    }

    @Override
    public long releasedEnd(long offset) {
        return Math.max(offset, released);
    }

    @Override
    public boolean handOff() {
        handedOff = true;
        return true;
    }

    @Override
    public void want(long offset) {
        wanted = offset;
    }

    /** Whether bytes were said to leave. */
    boolean handedOff() {
        return handedOff;
    }

    long wanted() {
        return wanted;
    }

    @Override
    public long receivedBytes() {
        return released;
    }

    @Override
    public State state() {
        return state;
    }

    @Override
    public String failureReason() {
        return reason;
    }

    @Override
    public String failureDetail() {
        return detail;
    }

    @Override
    public String mediaType() {
        return mediaType;
    }

    @Override
    public BlobFile open() throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        opened.add(channel);
        return new BlobFile(digest(), size.orElseThrow(() -> new IOException("the size is not known yet")), channel);
    }

    @Override
    public Subscription onChange(Runnable callback) {
        listeners.add(callback);
        return () -> listeners.remove(callback);
    }
}
