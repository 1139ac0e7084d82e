package ringpull.mirror;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.fetch.BlobRequest;
import ringpull.fetch.Blobs;
import ringpull.fetch.Delivery;

/** Delivers what the test put there, and remembers what was asked. */
final class ScriptedBlobs implements Blobs {
    private final Map<Digest, Source> sources = new ConcurrentHashMap<>();
    private final List<BlobRequest> requests = new CopyOnWriteArrayList<>();
    private final List<FileChannel> opened = new CopyOnWriteArrayList<>();
    private final List<String> wrong = new CopyOnWriteArrayList<>();
    private final Queue<Long> soundEnds = new ConcurrentLinkedQueue<>();
    private volatile Origin origin = offset -> Optional.empty();

    /** What is there to keep a client alive with. */
    interface Origin {
        Optional<ByteBuffer> piece(long offset) throws InterruptedException;
    }

    void keepAliveFrom(Origin source) {
        origin = source;
    }

    /** How far complete blobs are sound, question by question; then all are. */
    void soundEnds(Long... ends) {
        soundEnds.addAll(List.of(ends));
    }

    /** Why clients are said to have wrong bytes. */
    List<String> wrong() {
        return List.copyOf(wrong);
    }

    @Override
    public long soundEnd(BlobFile file, ByteRange wanted) {
        Long end = soundEnds.poll();
        return end == null ? wanted.end() : end;
    }

    @Override
    public Optional<ByteBuffer> keepAlive(BlobRequest request, long sizeBytes, long offset)
            throws InterruptedException {
        return origin.piece(offset);
    }

    @Override
    public void wrongBytesLeft(Digest digest, String why) {
        wrong.add(why);
    }

    /** Where one blob comes from. */
    interface Source {
        Delivery deliver(BlobRequest request) throws InterruptedException;
    }

    void put(Digest digest, Source source) {
        sources.put(digest, source);
    }

    /** The blob is complete on this node. */
    void complete(Path directory, Content content, String mediaType) throws IOException {
        Path file = Files.createTempFile(directory, "blob", "");
        Files.write(file, content.bytes());
        put(content.digest(), request -> {
            try {
                FileChannel channel = FileChannel.open(file);
                opened.add(channel);
                BlobFile blob = new BlobFile(content.digest(), content.bytes().length, channel);
                return new Delivery.Complete(blob, mediaType);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    void arriving(ScriptedFetch fetch) {
        put(fetch.digest(), request -> new Delivery.Arriving(fetch));
    }

    List<BlobRequest> requests() {
        return List.copyOf(requests);
    }

    boolean allFilesClosed() {
        return opened.stream().noneMatch(FileChannel::isOpen);
    }

    @Override
    public Delivery deliver(BlobRequest request) throws InterruptedException {
        requests.add(request);
        return sources.getOrDefault(request.digest(), r -> new Delivery.Nowhere("not_held", "nobody has it"))
                .deliver(request);
    }
}
