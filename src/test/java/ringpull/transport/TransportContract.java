package ringpull.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;

/** What every transport does; each adapter's test extends this. */
public abstract class TransportContract {
    private static final int SIZE = (5 << 20) + 12_345;

    @TempDir
    protected Path folder;

    protected TestBlobs blobs;
    protected byte[] blob;
    protected Digest digest;
    protected Transport transport;
    protected InetSocketAddress holder;

    /** Serves these blobs somewhere, and says where. */
    protected abstract InetSocketAddress serve(ChunkSource source) throws IOException;

    protected abstract Transport transport() throws IOException;

    /** An address at which nobody serves. */
    protected abstract InetSocketAddress nobody() throws IOException;

    /** Makes the holder break off every read after so many bytes or a little more. */
    protected abstract void breakAfter(long bytes);

    /** Makes the holder send so many bytes or a little more of every range, and then nothing, without closing. */
    protected abstract void holdAfter(long bytes);

    @BeforeEach
    void start() throws IOException {
        blobs = new TestBlobs(folder);
        blob = blobs.add(SIZE, 1);
        digest = TestBlobs.digest(blob);
        transport = transport();
        holder = serve(blobs);
    }

    @AfterEach
    void nothingIsLeftOpen() throws InterruptedException {
        transport.close();
        Await.until("every file closed", () -> blobs.stillOpen().isEmpty());
    }

    @Test
    void landsExactlyTheRangeInOrder() throws Exception {
        for (ByteRange range : List.of(
                new ByteRange(0, SIZE),
                new ByteRange(0, 1),
                new ByteRange(SIZE - 1, 1),
                new ByteRange(1, 70_000),
                new ByteRange(777, 3 << 20),
                new ByteRange(1 << 20, 1 << 20),
                new ByteRange(SIZE - 999_999, 999_999))) {
            assertThat(read(range)).as("%s", range).isEqualTo(part(range));
        }
    }

    @Test
    void anEmptyRangeLandsNothing() throws Exception {
        assertThat(read(new ByteRange(5, 0))).isEmpty();
    }

    @Test
    void aBlobThatTheHolderLacksIsNotHeld() {
        Digest other = TestBlobs.digest(new byte[] {1});

        assertThatThrownBy(() -> transport.read(holder, other, new ByteRange(0, 10), new TestBlobs.Landed(0, 10)))
                .isInstanceOf(TransferException.NotHeld.class)
                .hasMessageContaining(other.toString());
    }

    @Test
    void aHolderThatIsNotThereIsUnreachable() throws IOException {
        InetSocketAddress nobody = nobody();

        assertThatThrownBy(() -> transport.read(nobody, digest, new ByteRange(0, 10), new TestBlobs.Landed(0, 10)))
                .isInstanceOf(TransferException.Unreachable.class)
                .hasMessageContaining(nobody.toString());
    }

    @Test
    void aRangeBeyondTheBlobIsUnreachableAndLandsNothing() {
        TestBlobs.Landed landed = new TestBlobs.Landed(SIZE - 1L, 2);

        assertThatThrownBy(() -> transport.read(holder, digest, new ByteRange(SIZE - 1L, 2), landed))
                .isInstanceOf(TransferException.Unreachable.class);
        assertThat(landed.count()).isZero();
    }

    @Test
    void aLandingThatFailsIsTheLandingsFailure() {
        IOException full = new IOException("no space left");

        assertThatThrownBy(() -> transport.read(holder, digest, new ByteRange(0, SIZE), (offset, bytes) -> {
                    throw full;
                }))
                .isInstanceOf(TransferException.LandingFailed.class)
                .hasCause(full);
    }

    @Test
    void aLandingThatThrowsAnythingFailsTheReadAndNotTheTransport() throws Exception {
        assertThatThrownBy(() -> transport.read(holder, digest, new ByteRange(0, SIZE), (offset, bytes) -> {
                    throw new IllegalStateException("closed");
                }))
                .isInstanceOf(TransferException.LandingFailed.class);

        assertThat(read(new ByteRange(0, 100))).isEqualTo(part(new ByteRange(0, 100)));
    }

    @Test
    void aHolderThatBreaksOffLeavesAPrefix() {
        breakAfter(2 << 20);
        TestBlobs.Landed landed = new TestBlobs.Landed(100, SIZE - 100);

        assertThatThrownBy(() -> transport.read(holder, digest, new ByteRange(100, SIZE - 100), landed))
                .isInstanceOf(TransferException.Unreachable.class);
        assertThat(landed.count()).isBetween(2 << 20, SIZE - 101);
        assertThat(landed.bytes()).isEqualTo(part(new ByteRange(100, landed.count())));
    }

    @Test
    void anInterruptEndsTheReadAndTheLandingIsLeftAlone() throws Exception {
        holdAfter(1 << 20);
        AtomicInteger after = new AtomicInteger();
        TestBlobs.Landed landed = new TestBlobs.Landed(0, SIZE);
        CountDownLatch returned = new CountDownLatch(1);
        List<Throwable> thrown = new ArrayList<>();
        Thread reader = Thread.ofVirtual().start(() -> {
            try {
                transport.read(holder, digest, new ByteRange(0, SIZE), (offset, bytes) -> {
                    if (returned.getCount() == 0) {
                        after.incrementAndGet();
                    }
                    landed.write(offset, bytes);
                });
            } catch (InterruptedException | TransferException e) {
                thrown.add(e);
            } finally {
                returned.countDown();
            }
        });
        Await.until("some bytes landed", () -> landed.count() >= 1 << 20);

        reader.interrupt();

        assertThat(returned.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(thrown).singleElement().isInstanceOf(InterruptedException.class);
        transport.close();
        assertThat(after).hasValue(0);
    }

    @Test
    void aReadByAThreadThatIsInterruptedAlreadyEndsAtOnce() throws Exception {
        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> read(new ByteRange(0, SIZE))).isInstanceOf(InterruptedException.class);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void manyReadAtOnce() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> reads = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                ByteRange range = new ByteRange(i * 7_919L, 2 << 20);
                reads.add(threads.submit(() -> assertThat(read(range)).isEqualTo(part(range))));
            }
            for (Future<?> read : reads) {
                read.get(60, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void aBlobThatIsRemovedWhileItIsReadArrivesWhole() throws Exception {
        TestBlobs.Landed landed = new TestBlobs.Landed(0, SIZE);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch removed = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> read = threads.submit(() -> {
                transport.read(holder, digest, new ByteRange(0, SIZE), (offset, bytes) -> {
                    begun.countDown();
                    awaitQuietly(removed);
                    landed.write(offset, bytes);
                });
                return null;
            });
            assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
            blobs.remove(digest);
            removed.countDown();
            read.get(30, TimeUnit.SECONDS);
        }
        assertThat(landed.bytes()).isEqualTo(blob);
        // A holder may go on for a moment with what it has open: the bytes are what their digest says.
        Await.until("the holder to say that it is not held", () -> isNotHeld(new ByteRange(0, 1)));
    }

    @Test
    void afterCloseEveryHolderIsUnreachable() throws Exception {
        transport.close();

        assertThatThrownBy(() -> read(new ByteRange(0, 1))).isInstanceOf(TransferException.Unreachable.class);
    }

    @Test
    void closingFailsTheReadsThatRun() throws Exception {
        holdAfter(1 << 20);
        TestBlobs.Landed landed = new TestBlobs.Landed(0, SIZE);
        @Nullable Throwable failure;
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> read = threads.submit(() -> {
                transport.read(holder, digest, new ByteRange(0, SIZE), landed);
                return null;
            });
            Await.until("some bytes landed", () -> landed.count() >= 1 << 20);
            transport.close();
            failure = failure(read);
        }
        assertThat(failure).isInstanceOf(TransferException.Unreachable.class);
    }

    protected byte[] read(ByteRange range) throws TransferException, InterruptedException {
        TestBlobs.Landed landed = new TestBlobs.Landed(range.offset(), (int) range.length());
        transport.read(holder, digest, range, landed);
        return landed.bytes();
    }

    private boolean isNotHeld(ByteRange range) {
        try {
            read(range);
            return false;
        } catch (TransferException.NotHeld e) {
            return true;
        } catch (TransferException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    protected byte[] part(ByteRange range) {
        return Arrays.copyOfRange(blob, (int) range.offset(), (int) range.end());
    }

    private static @Nullable Throwable failure(Future<?> task) throws Exception {
        try {
            task.get(30, TimeUnit.SECONDS);
            return null;
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
