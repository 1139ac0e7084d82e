package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.blob.Repository;
import ringpull.metrics.Meters;
import ringpull.origin.memory.MemoryOrigin;
import ringpull.store.BlobStore;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.memory.MemoryBlobStore;
import ringpull.transport.memory.MemoryTransport;

/** A fetcher over the in-memory adapters that ship, and a blob that its origin has. */
abstract class FetchFixture {
    static final Repository REPOSITORY = new Repository("registry.test", "team/model");
    static final int BYTES = 5 * Chunk.SIZE_BYTES + 17;

    final byte[] content = bytes(BYTES, 1);
    final MemoryOrigin origin = new MemoryOrigin();
    final Digest digest = origin.put(REPOSITORY, ContentKind.BLOB, "application/x-layer", content);
    final MemoryBlobStore store = MemoryBlobStore.create();
    final MemoryTransport transport = new MemoryTransport();
    final TestHolders ring = new TestHolders();
    final Journal journal = new Journal(InstantSource.system());
    final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    final List<AutoCloseable> toClose = new ArrayList<>();
    final Fetcher fetcher = fetcher(store);

    @TempDir
    Path directory;

    @AfterEach
    void close() throws Exception {
        fetcher.close();
        for (AutoCloseable part : toClose) {
            part.close();
        }
        store.close();
    }

    Fetcher fetcher(BlobStore into) {
        return new Fetcher(into, Sources.of(ring, transport, origin), journal, new Meters(metrics), System::nanoTime);
    }

    BlobRequest request() {
        return new BlobRequest(digest, ContentKind.BLOB, Optional.of(REPOSITORY));
    }

    BlobRequest bare() {
        return new BlobRequest(digest, ContentKind.BLOB, Optional.empty());
    }

    static Fetch finished(Delivery delivery) throws InterruptedException {
        assertThat(delivery).isInstanceOf(Delivery.Arriving.class);
        Fetch fetch = ((Delivery.Arriving) delivery).fetch();
        CountDownLatch ended = new CountDownLatch(1);
        Runnable look = () -> {
            if (fetch.state() != Fetch.State.RUNNING) {
                ended.countDown();
            }
        };
        try (Fetch.Subscription _ = fetch.onChange(look)) {
            look.run();
            assertThat(ended.await(60, TimeUnit.SECONDS)).as("the fetch ends").isTrue();
        }
        return fetch;
    }

    byte[] stored() throws IOException {
        try (BlobFile file = store.open(digest).orElseThrow()) {
            ByteBuffer all = ByteBuffer.allocate((int) file.sizeBytes());
            while (all.hasRemaining()) {
                assertThat(file.channel().read(all, all.position())).isPositive();
            }
            return all.array();
        }
    }

    double count(String meter, String source) {
        return metrics.get(meter).tag("source", source).counter().count();
    }

    void neighbour(int number, byte[] blob) throws IOException, StoreFull, ProofFailed {
        MemoryBlobStore theirs = MemoryBlobStore.create();
        toClose.add(theirs);
        PartialBlob partial = theirs.receive(digest, blob.length);
        partial.write(0, ByteBuffer.wrap(blob));
        partial.received(new ByteRange(0, blob.length));
        Proof proof = new Proof(digest);
        proof.update(ByteBuffer.wrap(blob));
        partial.complete(proof.finish(), "", "");
        transport.serve(TestHolders.address(number), theirs::open);
        ring.announce(digest, TestHolders.member(number), blob.length);
    }

    /** Serves zeros, as many as it announces. */
    void liar(int number, long sizeBytes) throws IOException {
        Path zeros = Files.createTempFile(directory, "liar", "");
        try (FileChannel channel = FileChannel.open(zeros, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), Math.min(sizeBytes, 4L * BYTES) - 1);
        }
        transport.serve(
                TestHolders.address(number),
                wanted -> Optional.of(new BlobFile(wanted, Files.size(zeros), FileChannel.open(zeros))));
        ring.announce(digest, TestHolders.member(number), sizeBytes);
    }

    static byte[] bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
