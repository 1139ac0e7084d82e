package ringpull.mirror;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.fetch.BlobRequest;
import ringpull.fetch.Blobs;
import ringpull.fetch.Delivery;

/** Delivers what the test put there, and remembers what was asked. */
final class ScriptedBlobs implements Blobs {
    private final Map<Digest, Source> sources = new ConcurrentHashMap<>();
    private final List<BlobRequest> requests = new CopyOnWriteArrayList<>();
    private final List<FileChannel> opened = new CopyOnWriteArrayList<>();

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
