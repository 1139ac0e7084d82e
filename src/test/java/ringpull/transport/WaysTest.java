package ringpull.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.memory.MemoryTransport;

class WaysTest {
    private static final InetSocketAddress HOLDER = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    private static final int SIZE = 3 << 20;

    @TempDir
    Path folder;

    private final MemoryTransport better = new MemoryTransport();
    private final MemoryTransport always = new MemoryTransport();
    private final Map<Transport, Long> brought = new HashMap<>();
    private final List<String> fallbacks = new ArrayList<>();
    private byte[] blob;
    private Digest digest;
    private boolean fits = true;
    private Ways ways;

    @BeforeEach
    void serve() throws IOException {
        TestBlobs blobs = new TestBlobs(folder);
        blob = blobs.add(SIZE, 1);
        digest = TestBlobs.digest(blob);
        better.serve(HOLDER, blobs);
        always.serve(HOLDER, blobs);
        ways = new Ways(
                List.of(new Ways.Way(new Named(better, "better"), (holder, asked, range) -> fits)),
                new Named(always, "always"),
                (name, bytes) -> brought.merge(name.equals("better") ? better : always, bytes, Long::sum),
                (from, to) -> fallbacks.add(from + " to " + to));
    }

    private byte[] read() throws TransferException, InterruptedException {
        TestBlobs.Landed landed = new TestBlobs.Landed(0, SIZE);
        ways.read(HOLDER, digest, new ByteRange(0, SIZE), landed);
        return landed.bytes();
    }

    @Test
    void theBetterWayBringsAllIfItCan() throws Exception {
        assertThat(read()).isEqualTo(blob);
        assertThat(brought).isEqualTo(Map.of(better, (long) SIZE));
    }

    @Test
    void whatItLeavesTheOtherBringsInOrder() throws Exception {
        better.fault(HOLDER, new MemoryTransport.Fault.BreakAfter(1 << 20));

        assertThat(read()).isEqualTo(blob);
        assertThat(brought).isEqualTo(Map.of(better, 1L << 20, always, 2L << 20));
        assertThat(fallbacks).containsExactly("better to always");
    }

    @Test
    void whereItDoesNotFitItIsNotAsked() throws Exception {
        fits = false;

        assertThat(read()).isEqualTo(blob);
        assertThat(brought).isEqualTo(Map.of(always, (long) SIZE));
    }

    @Test
    void theLastOnesFailureIsTheReads() {
        better.fault(HOLDER, new MemoryTransport.Fault.Refuse());
        always.fault(HOLDER, new MemoryTransport.Fault.BreakAfter(1 << 20));

        assertThatThrownBy(this::read).isInstanceOf(TransferException.Unreachable.class);
        assertThat(brought).containsEntry(always, 1L << 20);
    }

    @Test
    void aLandingThatFailsIsNotTriedAgain() {
        assertThatThrownBy(() -> ways.read(HOLDER, digest, new ByteRange(0, SIZE), (offset, bytes) -> {
                    throw new IOException("full");
                }))
                .isInstanceOf(TransferException.LandingFailed.class);
        assertThat(brought).doesNotContainKey(always);
    }

    private record Named(MemoryTransport transport, String name) implements Transport {
        @Override
        public void read(InetSocketAddress holder, Digest asked, ByteRange range, Landing landing)
                throws TransferException, InterruptedException {
            transport.read(holder, asked, range, landing);
        }

        @Override
        public void close() {
            transport.close();
        }
    }
}
