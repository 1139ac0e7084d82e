package ringpull.transport.nvmeof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.Await;
import ringpull.transport.ChunkSource;
import ringpull.transport.TestBlobs;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;
import ringpull.transport.TransportContract;
import ringpull.transport.session.Session;

/** The reading side on any machine; with a real kernel between, the guest's tests have it. */
class NvmeofTransportTest extends TransportContract {
    private static final NvmeofTransport.Times TIMES = new NvmeofTransport.Times(
            Duration.ofSeconds(20),
            Duration.ofSeconds(60),
            Duration.ofMillis(1),
            Duration.ofMillis(40),
            Duration.ofMillis(80));

    private static final ByteRange LARGE = new ByteRange(0, NvmeofTransport.WORTHWHILE_BYTES);
    private static final ByteRange SMALL = new ByteRange(0, NvmeofTransport.WORTHWHILE_BYTES - 1);

    private @Nullable TestTargets made;

    @Override
    protected InetSocketAddress serve(ChunkSource source) {
        return TestTargets.HOLDER;
    }

    @Override
    protected Transport transport() throws IOException {
        made = new TestTargets(blobs, folder.resolve("exports"));
        return new NvmeofTransport(made, made, TIMES);
    }

    private TestTargets targets() {
        return Objects.requireNonNull(made);
    }

    @Override
    protected InetSocketAddress nobody() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 2);
    }

    @Override
    protected void breakAfter(long bytes) {
        targets().failFrom(bytes + 1);
    }

    @Override
    protected void holdAfter(long bytes) {
        targets().holdFrom(bytes);
    }

    @AfterEach
    void everythingIsGivenBack() throws InterruptedException {
        transport.close();
        Await.until("every connection ended", () -> targets().connections() == 0);
        targets().heal();
        Await.until("every lease given back", () -> targets().shown() == 0);
        targets().close();
    }

    @Test
    void aBlobIsOpenedOnceHoweverOftenItIsRead() throws Exception {
        NvmeofTransport patient = new NvmeofTransport(targets(), targets(), NvmeofTransport.Times.DEFAULT);
        assertThat(patient.fits(holder, digest, SMALL)).isFalse();
        for (int i = 0; i < 10; i++) {
            TestBlobs.Landed landed = new TestBlobs.Landed(i, 1000);
            patient.read(holder, digest, new ByteRange(i, 1000), landed);
            assertThat(landed.bytes()).isEqualTo(part(new ByteRange(i, 1000)));
        }

        assertThat(patient.fits(holder, digest, SMALL)).isTrue();
        assertThat(targets().leases()).isOne();
        assertThat(targets().connects()).isOne();
        patient.close();
    }

    /** The holder's kernel knows a connection by its session: with two, one of the blobs could not be opened. */
    @Test
    void blobsThatAreOpenedAtOnceShareAConnection() throws Exception {
        byte[] other = blobs.add(100_000, 77);
        targets().connectAfter(2);
        TestBlobs.Landed landed = new TestBlobs.Landed(0, other.length);
        CompletableFuture<Void> reading = CompletableFuture.runAsync(() -> {
            try {
                transport.read(holder, TestBlobs.digest(other), new ByteRange(0, other.length), landed);
            } catch (TransferException | InterruptedException e) {
                throw new AssertionError(e);
            }
        });

        assertThat(read(new ByteRange(0, 10))).isEqualTo(part(new ByteRange(0, 10)));
        reading.get(60, TimeUnit.SECONDS);

        assertThat(landed.bytes()).isEqualTo(other);
        assertThat(targets().connects()).isOne();
    }

    @Test
    void idleDisksAndConnectionsGo() throws Exception {
        read(new ByteRange(0, 10));
        Await.until("the lease given back", () -> targets().shown() == 0);
        Await.until("the connection ended", () -> targets().connections() == 0);

        assertThat(read(new ByteRange(0, 10))).isEqualTo(part(new ByteRange(0, 10)));
        assertThat(targets().connects()).isEqualTo(2);
    }

    @Test
    void aHolderThatFailedIsLeftAloneForAWhile() throws Exception {
        NvmeofTransport.Times patience = NvmeofTransport.Times.DEFAULT;
        try (NvmeofTransport once = new NvmeofTransport(targets(), targets(), patience)) {
            assertThat(once.fits(holder, digest, LARGE)).isTrue();
            assertThat(once.fits(nobody(), digest, LARGE)).isFalse();
            targets().failFrom(0);
            assertThatThrownBy(() -> once.read(holder, digest, new ByteRange(0, 10), new TestBlobs.Landed(0, 10)))
                    .isInstanceOf(TransferException.Unreachable.class)
                    .hasMessageContaining("Input/output error");

            assertThat(once.fits(holder, digest, LARGE)).isFalse();
            assertThatThrownBy(() -> once.read(holder, digest, new ByteRange(0, 10), new TestBlobs.Landed(0, 10)))
                    .hasMessageContaining("a moment ago");
            Await.until("every connection ended", () -> targets().connections() == 0);
        }
    }

    @Test
    void aHolderThatLacksABlobIsNotAskedForItAgainAtOnce() throws Exception {
        try (NvmeofTransport patient = new NvmeofTransport(targets(), targets(), NvmeofTransport.Times.DEFAULT)) {
            Digest other = Digest.ofBytes(new byte[32]);
            assertThat(patient.fits(holder, other, LARGE)).isTrue();
            assertThatThrownBy(() -> patient.read(holder, other, new ByteRange(0, 1), new TestBlobs.Landed(0, 1)))
                    .isInstanceOf(TransferException.NotHeld.class);

            assertThat(patient.fits(holder, other, LARGE)).isFalse();
            assertThat(patient.fits(holder, digest, LARGE)).isTrue();
        }
    }

    @Test
    void aFullHolderIsBusyAndTriedAgain() throws Exception {
        Digest big = Digest.ofBytes(new byte[32]);
        Leasing full = new Leasing() {
            @Override
            public boolean offers(InetSocketAddress asked) {
                return true;
            }

            @Override
            public Session admit(InetSocketAddress asked) throws IOException {
                return targets().admit(asked);
            }

            @Override
            public Optional<Lease> lease(InetSocketAddress asked, Session s, Digest blob) throws IOException {
                throw new ChunkSource.Busy("full");
            }

            @Override
            public void release(InetSocketAddress asked, Session s, UUID name) {}
        };
        try (NvmeofTransport busy = new NvmeofTransport(full, targets(), TIMES)) {
            assertThatThrownBy(() -> busy.read(holder, big, new ByteRange(0, 1), new TestBlobs.Landed(0, 1)))
                    .isInstanceOf(TransferException.Busy.class);
            assertThat(busy.fits(holder, digest, LARGE)).isTrue();
        }
    }
}
