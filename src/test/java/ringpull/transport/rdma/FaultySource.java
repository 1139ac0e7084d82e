package ringpull.transport.rdma;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.ChunkSource;

/** Another source's blobs on a disk that fails, or stands still, after so many bytes of a range. */
final class FaultySource implements ChunkSource {
    private final ChunkSource source;
    private final AtomicLong failAfter = new AtomicLong(Long.MAX_VALUE);
    private final AtomicLong holdAfter = new AtomicLong(Long.MAX_VALUE);
    private final AtomicInteger asked = new AtomicInteger();
    private final CountDownLatch heal = new CountDownLatch(1);
    private volatile CompletableFuture<@Nullable Void> opening = CompletableFuture.completedFuture(null);

    FaultySource(ChunkSource source) {
        this.source = source;
    }

    void failAfter(long bytes) {
        failAfter.set(bytes);
    }

    void holdAfter(long bytes) {
        holdAfter.set(bytes);
    }

    /** How often somebody wanted to read. */
    int asked() {
        return asked.get();
    }

    /** Whoever wants to read from now on waits for a turn. */
    void holdOpening() {
        opening = new CompletableFuture<>();
    }

    /** What stands still goes on. */
    void heal() {
        opening.complete(null);
        holdAfter.set(Long.MAX_VALUE);
        heal.countDown();
    }

    @Override
    public Optional<BlobFile> open(Digest digest) throws IOException {
        return source.open(digest);
    }

    @Override
    public CompletableFuture<Optional<Serving>> serve(Digest digest, ByteRange range, SocketAddress reader) {
        asked.incrementAndGet();
        return opening.thenCompose(_ -> source.serve(digest, range, reader))
                .thenApply(found -> found.map(serving -> {
                    BlobFile file = serving.file();
                    FileChannel faulty = new FaultyChannel(file.channel(), range.offset());
                    return new Serving(new BlobFile(digest, file.sizeBytes(), faulty), serving.over());
                }));
    }

    /** Only what a server uses of it. */
    private final class FaultyChannel extends FileChannel {
        private final FileChannel file;
        private final long start;

        FaultyChannel(FileChannel file, long start) {
            this.file = file;
            this.start = start;
        }

        @Override
        public int read(ByteBuffer to, long position) throws IOException {
            if (position - start >= holdAfter.get()) {
                try {
                    heal.await();
                } catch (InterruptedException e) {
                    throw new ClosedByInterruptException();
                }
            }
            if (position - start >= failAfter.get()) {
                throw new IOException("a bad sector");
            }
            return file.read(to, position);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            file.close();
        }

        @Override
        public int read(ByteBuffer to) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long read(ByteBuffer[] to, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int write(ByteBuffer from) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long write(ByteBuffer[] from, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int write(ByteBuffer from, long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long position() {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileChannel position(long to) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public FileChannel truncate(long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void force(boolean metadata) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel to) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferFrom(ReadableByteChannel from, long position, long count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }
    }
}
