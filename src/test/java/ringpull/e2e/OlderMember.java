package ringpull.e2e;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import ringpull.blob.BlobFile;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.config.Config;
import ringpull.fetch.BlobRequest;
import ringpull.fetch.Delivery;
import ringpull.fetch.Fetch;
import ringpull.fetch.Fetcher;
import ringpull.fetch.Journal;
import ringpull.fetch.Sources;
import ringpull.metrics.Meters;
import ringpull.origin.oci.OciOrigin;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.wire.ControlPort;
import ringpull.ring.wire.RingNode;
import ringpull.store.memory.MemoryBlobStore;
import ringpull.transport.Pace;
import ringpull.transport.tcp.ChunkServer;
import ringpull.transport.tcp.TcpTransport;

/** A member of an earlier release, in this process: it is in the ring, and reads and serves blobs, but knows nothing of swarms. */
final class OlderMember implements AutoCloseable {
    private final MemoryBlobStore store = MemoryBlobStore.create();
    private final ChunkServer data;
    private final ControlPort control;
    private final RingNode ring;
    private final TcpTransport transport;
    private final OciOrigin origin;
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Fetcher fetcher;

    /** @param seed the control port of a member of a ring without certificates */
    OlderMember(String name, String seed, String registry, URI endpoint) throws IOException {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        data = ChunkServer.bind(any, store::open, Optional.empty(), Config.Io.AUTO, Pace.NONE, bytes -> {});
        control = ControlPort.bind(any, Optional.empty());
        Member self = new Member(
                new MemberId("0123456789abcdef0123456789abcdef"),
                System.currentTimeMillis(),
                name,
                List.of("127.0.0.1"),
                control.address().getPort(),
                data.address().getPort(),
                "",
                "",
                List.of("tcp"));
        ring = RingNode.start(control, self, new Config.Ring("demo", List.of(seed)), Map.of());
        transport = new TcpTransport(Optional.empty(), Config.Io.AUTO);
        origin = new OciOrigin(List.of(new Config.Registry(
                registry, List.of(endpoint), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty())));
        fetcher = new Fetcher(
                store,
                new Sources(ring, ring.ladders(), transport, Pace.NONE, origin),
                new Journal(InstantSource.system()),
                new Meters(metrics),
                System::nanoTime);
    }

    /** Brings a blob; its size. */
    long fetch(Repository repository, Digest digest) throws IOException, InterruptedException {
        Delivery delivery = fetcher.deliver(new BlobRequest(digest, ContentKind.BLOB, Optional.of(repository)));
        if (!(delivery instanceof Delivery.Arriving(Fetch fetch))) {
            throw new IOException(digest + " does not arrive: " + delivery);
        }
        long deadline = System.nanoTime() + Cluster.CEILING.toNanos();
        while (fetch.state() == Fetch.State.RUNNING && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        if (fetch.state() != Fetch.State.PROVEN) {
            throw new IOException(digest + ": " + fetch.state() + " " + fetch.failureDetail());
        }
        try (BlobFile file = fetch.open()) {
            return file.sizeBytes();
        }
    }

    /** All that it took, from the origin and from members. */
    double receivedBytes() {
        return metrics.find("ringpull.received.bytes").counters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }

    @Override
    public void close() {
        try {
            ring.leave(); // or the others would wonder for a while where it is
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        fetcher.close();
        origin.close();
        transport.close();
        ring.close();
        control.close();
        data.close();
        store.close();
    }
}
