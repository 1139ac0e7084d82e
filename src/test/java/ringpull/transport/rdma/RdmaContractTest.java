package ringpull.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import ringpull.blob.ByteRange;
import ringpull.transport.Await;
import ringpull.transport.ChunkSource;
import ringpull.transport.Transport;
import ringpull.transport.TransportContract;
import ringpull.transport.session.HolderSessions;
import ringpull.transport.session.Sessions;
import ringpull.transport.session.TestAdmission;

/** RDMA keeps the contract, between two addresses of one device. */
@EnabledIfEnvironmentVariable(named = Fabric.VARIABLE, matches = ".+", disabledReason = "there is no RDMA device here")
class RdmaContractTest extends TransportContract {
    private static final int WINDOWS = 2;
    private static final int LANDING_SLOTS = 8;

    private final Sessions sessions = new Sessions(System::nanoTime);
    private final AtomicLong served = new AtomicLong();
    private final AtomicLong fetched = new AtomicLong();
    private final int handlesBefore = Native.handles();
    private @Nullable RdmaServer server;
    private @Nullable FaultySource faulty;

    @Override
    protected InetSocketAddress serve(ChunkSource source) throws IOException {
        faulty = new FaultySource(source);
        server = RdmaServer.bind(
                List.of(new InetSocketAddress(Fabric.host(1), 0)),
                faulty,
                sessions,
                WINDOWS,
                (rail, bytes) -> served.addAndGet(bytes),
                RdmaFixture.PATIENT);
        return server.addresses().getFirst();
    }

    /** The contract's holders are known by where they serve RDMA. */
    @Override
    protected Transport transport() throws IOException {
        return new RdmaTransport(
                List.of(Fabric.host(2)),
                LANDING_SLOTS,
                new HolderSessions(
                        new TestAdmission(holder -> sessions.make("reader").at(List.of(holder))), System::nanoTime),
                (rail, bytes) -> fetched.addAndGet(bytes),
                RdmaFixture.PATIENT);
    }

    @Override
    protected InetSocketAddress nobody() {
        return new InetSocketAddress(Fabric.host(1), 1);
    }

    @Override
    protected void breakAfter(long bytes) {
        faulty().failAfter(bytes);
    }

    @Override
    protected void holdAfter(long bytes) {
        faulty().holdAfter(bytes);
    }

    private FaultySource faulty() {
        FaultySource there = faulty;
        if (there == null) {
            throw new IllegalStateException("not served yet");
        }
        return there;
    }

    @AfterEach
    void stop() throws InterruptedException {
        transport.close();
        RdmaServer serving = server;
        if (serving != null) {
            Await.until("every connection gone", () -> serving.connections() == 0);
            serving.close();
        }
        assertThat(Native.handles()).as("native objects").isEqualTo(handlesBefore);
    }

    @Test
    void whatIsReadIsCountedOnBothSides() throws Exception {
        ByteRange range = new ByteRange(0, 3 << 20);

        assertThat(read(range)).isEqualTo(part(range));

        assertThat(fetched).hasValue(3 << 20);
        Await.until("the holder counted", () -> served.get() == 3 << 20);
    }
}
