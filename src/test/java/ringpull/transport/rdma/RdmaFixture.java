package ringpull.transport.rdma;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;
import ringpull.transport.session.HolderSessions;
import ringpull.transport.session.Sessions;
import ringpull.transport.session.TestAdmission;

/** A holder on one address of the device, and readers on another. */
final class RdmaFixture {
    static final int SIZE = (6 << 20) + 77;
    static final Times PATIENT = new Times(
            Duration.ofSeconds(10),
            Duration.ofSeconds(20),
            Duration.ofSeconds(40),
            Duration.ofSeconds(60),
            Duration.ofSeconds(60),
            Duration.ZERO);

    /** As patient, but for these. */
    static Times times(Duration connect, Duration stall, Duration spin) {
        return new Times(connect, PATIENT.operation(), stall, PATIENT.lease(), PATIENT.idle(), spin);
    }

    final Sessions sessions = new Sessions(System::nanoTime);
    final AtomicLong fetched = new AtomicLong();
    final TestBlobs blobs;
    final FaultySource source;
    final byte[] blob;
    final Digest digest;
    final RdmaServer server;

    private final Deque<RdmaTransport> readers = new ArrayDeque<>();

    RdmaFixture(Path folder, Times times, int windows) throws IOException {
        blobs = new TestBlobs(folder);
        source = new FaultySource(blobs);
        blob = blobs.add(SIZE, 1);
        digest = TestBlobs.digest(blob);
        server = RdmaServer.bind(
                List.of(new InetSocketAddress(Fabric.host(1), 0)),
                source,
                sessions,
                windows,
                (rail, bytes) -> {},
                times);
    }

    InetSocketAddress holder() {
        return server.addresses().getFirst();
    }

    RdmaTransport reader(Times times) throws IOException {
        return reader(times, new TestAdmission(at -> sessions.make("reader").at(List.of(at))));
    }

    RdmaTransport reader(Times times, TestAdmission admission) throws IOException {
        RdmaTransport reader = new RdmaTransport(
                List.of(Fabric.host(2)),
                8,
                new HolderSessions(admission, System::nanoTime),
                (rail, bytes) -> fetched.addAndGet(bytes),
                times);
        readers.add(reader);
        return reader;
    }

    byte[] read(Transport reader) throws TransferException, InterruptedException {
        return read(reader, holder());
    }

    byte[] read(Transport reader, InetSocketAddress from) throws TransferException, InterruptedException {
        TestBlobs.Landed landed = new TestBlobs.Landed(0, SIZE);
        reader.read(from, digest, new ByteRange(0, SIZE), landed);
        return landed.bytes();
    }

    /** Ends all, and waits until nothing is left. */
    void close() throws InterruptedException {
        source.heal();
        readers.forEach(RdmaTransport::close);
        Await.until("every connection gone", () -> server.connections() == 0);
        server.close();
        Await.until("every file closed", () -> blobs.stillOpen().isEmpty());
    }
}
