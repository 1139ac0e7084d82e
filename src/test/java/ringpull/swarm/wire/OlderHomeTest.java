package ringpull.swarm.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.config.Config;
import ringpull.ring.Address;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.wire.ControlPort;
import ringpull.ring.wire.RingNode;
import ringpull.swarm.Answers;
import ringpull.v1.SwarmBytes;
import ringpull.v1.SwarmGrpc;
import ringpull.v1.SwarmWish;

/** A home of the release before small blobs were told: it takes part in swarms, and tells manifests. */
class OlderHomeTest {
    private static final Repository REPOSITORY = new Repository("registry.test", "team/app");
    private static final long LIMIT_SECONDS = 60;

    private ControlPort olderPort;
    private ControlPort port;
    private RingNode older;
    private RingNode ring;
    private SwarmNode swarm;

    private static final class Manifests extends SwarmGrpc.SwarmImplBase {
        @Override
        public void inline(SwarmWish wish, StreamObserver<SwarmBytes> asker) {
            asker.onNext(SwarmBytes.newBuilder()
                    .setContent(ByteString.copyFromUtf8("a manifest"))
                    .build());
            asker.onCompleted();
        }
    }

    @BeforeEach
    void start() throws IOException {
        olderPort = bind(new Manifests());
        older = join(olderPort);
        port = bind();
        ring = join(port, new Address("127.0.0.1", olderPort.address().getPort()).toString());
        swarm = SwarmNode.start(ring, "test", effect -> {});
    }

    private static ControlPort bind(BindableService... services) throws IOException {
        return ControlPort.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), Optional.empty(), services);
    }

    private static RingNode join(ControlPort port, String... seeds) throws IOException {
        MemberId id = MemberId.random(RandomGenerator.getDefault());
        List<String> transports = List.of("tcp", SwarmNode.TRANSPORT);
        Member self = new Member(
                id, 1, "node-" + id, List.of("127.0.0.1"), port.address().getPort(), 1, "", "", transports);
        return RingNode.start(port, self, new Config.Ring("test", List.of(seeds)), Map.of());
    }

    @AfterEach
    void stop() {
        swarm.close();
        ring.close();
        port.close();
        older.close();
        olderPort.close();
    }

    private interface Condition {
        boolean holds() throws InterruptedException;
    }

    private static void until(String what, Condition condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    private Digest ofTheOther() throws InterruptedException {
        until("the ring to form", swarm::hasCompany);
        int number = 0;
        while (swarm.isHome(digest(number))) {
            number++;
        }
        return digest(number);
    }

    private static Digest digest(int number) {
        return Digest.parse(String.format("sha256:%064x", number));
    }

    @Test
    void tellsNoSmallBlobsAndIsAskedForAllElse() throws InterruptedException {
        Digest digest = ofTheOther();
        Answers homes = swarm.homes();

        assertThat(homes.small(digest, REPOSITORY)).isEmpty();
        until("it to tell a manifest", () -> homes.manifest(digest, REPOSITORY).isPresent());
    }
}
