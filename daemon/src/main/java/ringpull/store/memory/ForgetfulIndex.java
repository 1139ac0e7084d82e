package ringpull.store.memory;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.store.Index;
import ringpull.store.StoredBlob;
import ringpull.store.TagRecords.TagRecord;

/** Remembers nothing but ladders: the rest the store itself holds in memory until it closes. */
final class ForgetfulIndex implements Index {
    private final Map<Digest, Map<Integer, byte[]>> ladders = new ConcurrentHashMap<>();
    private final Map<Digest, Map<Integer, byte[]>> claims = new ConcurrentHashMap<>();

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
    public void complete(StoredBlob blob, int firstPage, List<byte[]> pages) throws IOException {
        requireOpen();
        keep(ladders, blob.digest(), firstPage, pages);
        claims.remove(blob.digest());
    }

    @Override
    public void demote(Digest digest, PartialRecord record, List<byte[]> claim) throws IOException {
        requireOpen();
        keep(claims, digest, 0, claim);
    }

    @Override
    public void claim(Digest digest, List<byte[]> pages) throws IOException {
        requireOpen();
        keep(claims, digest, 0, pages);
    }

    @Override
    public Optional<byte[]> claimPage(Digest digest, int page) throws IOException {
        requireOpen();
        return page(claims, digest, page);
    }

    @Override
    public void ladder(Digest digest, List<byte[]> pages) throws IOException {
        requireOpen();
        keep(ladders, digest, 0, pages);
    }

    private static void keep(
            Map<Digest, Map<Integer, byte[]>> where, Digest digest, int firstPage, List<byte[]> pages) {
        Map<Integer, byte[]> ladder = where.computeIfAbsent(digest, d -> new ConcurrentHashMap<>());
        for (int i = 0; i < pages.size(); i++) {
            ladder.put(firstPage + i, pages.get(i).clone());
        }
    }

    @Override
    public Optional<byte[]> ladderPage(Digest digest, int page) throws IOException {
        requireOpen();
        return page(ladders, digest, page);
    }

    private static Optional<byte[]> page(Map<Digest, Map<Integer, byte[]>> where, Digest digest, int page) {
        return Optional.ofNullable(where.getOrDefault(digest, Map.of()).get(page))
                .map(byte[]::clone);
    }

    @Override
    public void update(Collection<StoredBlob> blobs) throws IOException {
        requireOpen();
    }

    @Override
    public void remove(Digest digest) throws IOException {
        requireOpen();
        ladders.remove(digest);
    }

    @Override
    public void partial(Digest digest, PartialRecord record, boolean durable, int firstPage, List<byte[]> pages)
            throws IOException {
        requireOpen();
        keep(ladders, digest, firstPage, pages);
    }

    @Override
    public void removePartial(Digest digest) throws IOException {
        requireOpen();
        ladders.remove(digest);
        claims.remove(digest);
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
