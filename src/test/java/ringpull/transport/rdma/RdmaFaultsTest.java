package ringpull.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.ibm.disni.verbs.IbvPd;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ByteRange;
import ringpull.transport.Await;
import ringpull.transport.TransferException;
import ringpull.transport.Ways;
import ringpull.transport.memory.MemoryTransport;
import ringpull.transport.session.Session;
import ringpull.transport.session.TestAdmission;

/** Strangers, forgeries, readers that keep what they were lent, holders that forget, and a device that leaks nothing. */
@EnabledIfEnvironmentVariable(named = Fabric.VARIABLE, matches = ".+", disabledReason = "there is no RDMA device here")
class RdmaFaultsTest {
    private static final int SCALE =
            Integer.parseInt(Objects.requireNonNullElse(System.getenv("RINGPULL_TEST_SCALE"), "1"));
    /** 10,000 at the scale of {@code .ci/long}, which is 10. */
    private static final int CONNECTIONS = 100 * SCALE * SCALE;

    /** Not so short that a guest on a busy machine cannot read what it was lent. */
    private static final Times SHORT_LEASE = new Times(
            Duration.ofSeconds(10),
            Duration.ofSeconds(1),
            Duration.ofSeconds(40),
            Duration.ofSeconds(3),
            Duration.ofSeconds(60),
            Duration.ZERO);

    @TempDir
    Path folder;

    private @Nullable RdmaFixture fixture;

    private RdmaFixture fixture(Times times, int windows) throws IOException {
        RdmaFixture made = new RdmaFixture(folder, times, windows);
        fixture = made;
        return made;
    }

    @AfterEach
    void close() throws InterruptedException {
        if (fixture != null) {
            fixture.close();
        }
    }

    /** Knocks with these private data; why that failed. */
    private static IOException knock(InetSocketAddress holder, byte[] data) throws IOException {
        Deadline deadline = Deadline.in(Duration.ofSeconds(20));
        try (Endpoint endpoint = new Endpoint();
                Closing closing = new Closing()) { // goes before its device
            endpoint.resolve(Fabric.host(3), holder, deadline);
            IbvPd domain = Rail.domain(endpoint, closing);
            try (Link _ = new Link(endpoint, domain)) {
                endpoint.connect(data, deadline);
                endpoint.disconnect();
            } catch (IOException e) {
                return e;
            }
            throw new AssertionError("was let in");
        }
    }

    @Test
    void whoProvesNoSessionIsRefusedWhateverItSays() throws Exception {
        RdmaFixture holder = fixture(RdmaFixture.PATIENT, 1);
        Session known = holder.sessions.make("reader");
        Session unknown = Session.of(new byte[16], new byte[32], Duration.ofMinutes(1));
        byte[] wrongNonce = new Handshake.Knock(known).data();
        wrongNonce[20] ^= 1;
        byte[] wrongProof = new Handshake.Knock(known).data();
        wrongProof[55] ^= 1;
        byte[] otherVersion = new Handshake.Knock(known).data();
        otherVersion[3]++;
        List<byte[]> forgeries = List.of(
                new byte[0],
                new byte[1],
                new byte[56],
                new Handshake.Knock(unknown).data(),
                wrongNonce,
                wrongProof,
                otherVersion,
                Arrays.copyOf(new Handshake.Knock(known).data(), 55));
        for (byte[] forgery : forgeries) {
            IOException refused = knock(holder.holder(), forgery);
            assertThat(refused).isInstanceOf(Endpoint.Rejected.class);
            assertThat(((Endpoint.Rejected) refused).why()).contains(Handshake.Rejection.UNKNOWN);
        }
        assertThat(holder.server.refusals()).isEqualTo(forgeries.size());
        assertThat(holder.server.connections()).isZero();
        assertThat(holder.read(holder.reader(RdmaFixture.PATIENT))).isEqualTo(holder.blob);
    }

    /** The knock that was overheard gets a connection, and nothing on it. */
    @Test
    void aRangeWithoutProofEndsTheConnection() throws Exception {
        RdmaFixture holder = fixture(RdmaFixture.PATIENT, 1);
        ByteRange range = new ByteRange(0, 100);
        try (RawReader raw = new RawReader(holder, holder.sessions.make("reader"))) {
            raw.send(new Message.Ask(1, holder.digest, range, new byte[Message.PROOF_BYTES]));
            raw.awaitEnd();
        }
        assertThat(holder.blobs.opened()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void whatBreaksTheProtocolEndsTheConnectionAndNothingElse(int kind) throws Exception {
        RdmaFixture holder = fixture(RdmaFixture.PATIENT, 2);
        try (RawReader raw = new RawReader(holder, holder.sessions.make("reader"))) {
            raw.send(
                    switch (kind) {
                        case 0 -> new Message.Done(1, 0, 1); // what was not lent
                        case 1 -> new Message.Done(1, 1 << 20, 1);
                        case 2 -> new Message.Refuse(1, Message.Reason.BUSY, "no");
                        default -> new Message.Piece(1, 0, 1, 0, 0, 0, 0, 0);
                    });
            raw.awaitEnd();
        }
        assertThat(holder.read(holder.reader(RdmaFixture.PATIENT))).isEqualTo(holder.blob);
    }

    /** The lease is over, and two deadlines later the memory is not the reader's to read any more. */
    @Test
    void whoKeepsAnOfferLosesTheConnection() throws Exception {
        RdmaFixture holder = fixture(SHORT_LEASE, 1);
        try (RawReader raw = new RawReader(holder, holder.sessions.make("reader"))) {
            raw.ask(1, holder.digest, new ByteRange(0, 2 << 20));
            Await.until("offers", () -> raw.pump() && raw.pieces().size() == 2);
            holder.blobs.remove(holder.digest); // evicted meanwhile: what is lent stays readable
            assertThat(raw.fetch(raw.pieces().getFirst())).isTrue();
            raw.awaitEnd();
        }
        Await.until("the window is free", () -> holder.server.connections() == 0);
        assertThat(holder.server.pinnedBytes()).isZero();
    }

    @Test
    void aFullHolderIsBusyAndAnIdleReaderMakesRoom() throws Exception {
        RdmaFixture holder = fixture(RdmaFixture.PATIENT, 1);
        RdmaTransport first = holder.reader(RdmaFixture.PATIENT);
        RdmaTransport second = holder.reader(RdmaFixture.PATIENT);
        holder.source.holdAfter(0);
        Thread reading = Thread.ofVirtual().start(() -> {
            try {
                holder.read(first);
            } catch (TransferException | InterruptedException e) {
                // asserted below by what the second sees
            }
        });
        Await.until("the first is served", () -> holder.blobs.opened() == 1);

        assertThatThrownBy(() -> holder.read(second)).isInstanceOf(TransferException.Busy.class);

        holder.source.heal();
        reading.join();
        Await.until("the second gets the room of the first", () -> {
            try {
                return Arrays.equals(holder.read(holder.reader(RdmaFixture.PATIENT)), holder.blob);
            } catch (TransferException | IOException e) {
                return false;
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }

    /** Every byte lands once, in order: the landing insists on that. */
    @Test
    void anotherTransportTakesOverInTheMiddleOfARange() throws Exception {
        RdmaFixture holder = fixture(RdmaFixture.PATIENT, 1);
        holder.source.failAfter(2 << 20);
        AtomicInteger fellBack = new AtomicInteger();
        Map<String, Long> brought = new HashMap<>();
        MemoryTransport memory = new MemoryTransport();
        memory.serve(holder.holder(), holder.blobs);
        RdmaTransport rdma = holder.reader(RdmaFixture.PATIENT);
        Ways both = new Ways(
                List.of(new Ways.Way(rdma, (at, blob, range) -> rdma.isReady(at, range))),
                memory,
                (name, bytes) -> brought.merge(name, bytes, Long::sum),
                (from, to) -> fellBack.incrementAndGet());

        assertThat(holder.read(both)).isEqualTo(holder.blob);

        assertThat(fellBack).hasValue(1);
        assertThat(brought)
                .isEqualTo(Map.of(RdmaTransport.NAME, 2L << 20, memory.name(), (long) RdmaFixture.SIZE - (2 << 20)));
    }

    /** The kernel itself would try for a minute and more. However many holders there are, none of the others is waited for. */
    @Test
    void aFabricThatSwallowsAllCostsThePatienceOnce() throws Exception {
        Duration patience = Duration.ofSeconds(3);
        RdmaFixture holder = fixture(RdmaFixture.PATIENT, 1);
        InetSocketAddress nobody = new InetSocketAddress(Fabric.host(99), 4711);
        RdmaTransport rdma = holder.reader(
                Times.of(patience, Duration.ZERO),
                new TestAdmission(at -> holder.sessions.make("reader").at(List.of(nobody))));
        AtomicInteger fellBack = new AtomicInteger();
        MemoryTransport memory = new MemoryTransport();
        List<InetSocketAddress> holders = IntStream.rangeClosed(1, 5)
                .mapToObj(port -> new InetSocketAddress(Fabric.host(1), port))
                .toList();
        holders.forEach(at -> memory.serve(at, holder.blobs));
        Ways both = new Ways(
                List.of(new Ways.Way(rdma, (at, blob, range) -> rdma.isReady(at, range))),
                memory,
                (name, bytes) -> {},
                (from, to) -> fellBack.incrementAndGet());

        long start = System.nanoTime();
        for (InetSocketAddress each : holders) {
            assertThat(holder.read(both, each)).isEqualTo(holder.blob);
        }

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(patience, patience.multipliedBy(10));
        assertThat(fellBack).hasValue(1);
    }

    /** As over iWARP with the cable pulled: nothing fails, and nothing comes. */
    @Test
    void aConnectionOnWhichNothingIsHeardIsLeft() throws Exception {
        RdmaFixture holder = fixture(RdmaFixture.PATIENT, 1);
        RdmaTransport rdma =
                holder.reader(RdmaFixture.times(RdmaFixture.PATIENT.connect(), Duration.ofMillis(500), Duration.ZERO));
        holder.source.holdAfter(0);

        assertThatThrownBy(() -> holder.read(rdma))
                .isInstanceOf(TransferException.Unreachable.class)
                .hasMessageContaining("offered nothing");

        assertThat(rdma.isReady(holder.holder(), new ByteRange(0, 1))).isFalse();
    }

    @Test
    void aHolderThatEndsAllSessionsIsAskedForAnother() throws Exception {
        RdmaFixture holder = fixture(RdmaFixture.PATIENT, 2);
        TestAdmission admission =
                new TestAdmission(at -> holder.sessions.make("reader").at(List.of(at)));
        RdmaTransport reader = holder.reader(RdmaFixture.PATIENT, admission);
        assertThat(holder.read(reader)).isEqualTo(holder.blob);

        holder.sessions.clear();

        assertThat(holder.read(reader)).isEqualTo(holder.blob);
        assertThat(admission.asked()).isEqualTo(2);
    }

    @Test
    void connectionsComeAndGoAndLeaveNothing() throws Exception {
        RdmaFixture holder = fixture(RdmaFixture.PATIENT, 2);
        RdmaTransport first = holder.reader(RdmaFixture.PATIENT);
        assertThat(holder.read(first)).isEqualTo(holder.blob);
        first.close();
        Await.until("the first has gone", () -> holder.server.connections() == 0);
        RdmaTransport idle = holder.reader(RdmaFixture.PATIENT);
        assertThat(idle.connections()).isZero();
        Session known = holder.sessions.make("reader");
        int handles = Native.handles();
        int descriptors = descriptors();
        long pinned = kilobytes("VmPin");
        assertThat(pinned).as("kB pinned by a reader without connections").isPositive();
        for (int i = 0; i < CONNECTIONS; i++) {
            if (i % 2 == 0) {
                assertThat(knock(holder.holder(), new byte[56])).isInstanceOf(Endpoint.Rejected.class);
            } else {
                try (RawReader raw = new RawReader(holder, known)) {
                    assertThat(raw.pieces()).isEmpty();
                }
            }
            Await.until("the holder let go", () -> Native.handles() == handles && holder.server.connections() == 0);
        }
        Await.until("every descriptor closed", () -> descriptors() <= descriptors);
        Await.until("no more kB pinned", () -> kilobytes("VmPin") == pinned);
    }

    /** What the kernel says of this process. */
    private static long kilobytes(String what) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith(what + ":"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int descriptors() {
        String[] open = new File("/proc/self/fd").list();
        return open == null ? 0 : open.length;
    }
}
