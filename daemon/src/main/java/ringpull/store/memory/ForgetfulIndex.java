package ringpull.store.memory;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.store.Index;
import ringpull.store.StoredBlob;
import ringpull.store.TagRecords.TagRecord;

/** Remembers nothing: the store itself holds in memory what it needs until it closes. */
final class ForgetfulIndex implements Index {
    private volatile boolean closed;

    @Override
    public Contents load() {
        return new Contents(List.of(), Map.of(), Map.of());
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("the store is closed");
        }
    }

    @Override
    public void complete(StoredBlob blob) throws IOException {
        requireOpen();
    }

    @Override
    public void update(Collection<StoredBlob> blobs) throws IOException {
        requireOpen();
    }

    @Override
    public void remove(Digest digest) throws IOException {
        requireOpen();
    }

    @Override
    public void partial(Digest digest, PartialRecord record) throws IOException {
        requireOpen();
    }

    @Override
    public void removePartial(Digest digest) throws IOException {
        requireOpen();
    }

    @Override
    public void tag(ImageName tag, TagRecord record) throws IOException {
        requireOpen();
    }

    @Override
    public void removeTag(ImageName tag) throws IOException {
        requireOpen();
    }

    @Override
    public void close() {
        closed = true;
    }
}
