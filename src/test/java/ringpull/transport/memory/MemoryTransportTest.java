package ringpull.transport.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import ringpull.blob.ByteRange;
import ringpull.transport.ChunkSource;
import ringpull.transport.Transport;
import ringpull.transport.TransportContract;

class MemoryTransportTest extends TransportContract {
    private final MemoryTransport memory = new MemoryTransport();

    @Override
    protected InetSocketAddress serve(ChunkSource source) {
        InetSocketAddress address = InetSocketAddress.createUnresolved("one", 1);
        memory.serve(address, source);
        return address;
    }

    @Override
    protected Transport transport() {
        return memory;
    }

    @Override
    protected InetSocketAddress nobody() {
        return InetSocketAddress.createUnresolved("nobody", 1);
    }

    @Override
    protected void breakAfter(long bytes) {
        memory.fault(holder, new MemoryTransport.Fault.BreakAfter(bytes));
    }

    @Override
    protected void holdAfter(long bytes) {
        memory.fault(holder, new MemoryTransport.Fault.HoldAfter(bytes));
    }

    @Test
    void flipsOneBitAndHeals() throws Exception {
        ByteRange range = new ByteRange(300_000, 400_000);
        memory.fault(holder, new MemoryTransport.Fault.Flip(600_001));
        byte[] expected = part(range);
        expected[300_001] ^= 1;

        assertThat(read(range)).isEqualTo(expected);
        memory.heal(holder);
        assertThat(read(range)).isEqualTo(part(range));
    }
}
