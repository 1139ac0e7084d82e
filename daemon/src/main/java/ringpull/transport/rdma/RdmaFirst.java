package ringpull.transport.rdma;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;

/**
 * RDMA where both ends have it and it has not failed lately; else, and for the rest of a range when it fails, another
 * transport to the same holder.
 */
public final class RdmaFirst implements Transport {
    private static final Logger log = LoggerFactory.getLogger(RdmaFirst.class);

    private final RdmaTransport rdma;
    private final Transport other;
    private final Runnable fellBack;
    private final LongConsumer otherBytes;

    /**
     * Closes both.
     *
     * @param fellBack told of each range that RDMA gave up
     * @param otherBytes told of the bytes that the other transport brought
     */
    public RdmaFirst(RdmaTransport rdma, Transport other, Runnable fellBack, LongConsumer otherBytes) {
        this.rdma = rdma;
        this.other = other;
        this.fellBack = fellBack;
        this.otherBytes = otherBytes;
    }

    @Override
    public String name() {
        return "rdma or " + other.name();
    }

    @Override
    public void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing landing)
            throws TransferException, InterruptedException {
        Counted counted = new Counted(landing, range.offset());
        if (range.length() > 0 && rdma.isReady(holder, range)) {
            try {
                rdma.read(holder, blob, range, counted);
                return;
            } catch (TransferException.Unreachable | TransferException.Busy e) {
                log.info("{} takes over from RDMA: {}", other.name(), e.getMessage());
                fellBack.run();
            }
        }
        long from = counted.next;
        try {
            other.read(holder, blob, new ByteRange(from, range.end() - from), counted);
        } finally {
            otherBytes.accept(counted.next - from);
        }
    }

    /** Knows where the next byte belongs. Used by one thread at a time. */
    private static final class Counted implements Landing {
        private final Landing landing;
        private volatile long next;

        Counted(Landing landing, long start) {
            this.landing = landing;
            this.next = start;
        }

        @Override
        public void write(long offset, ByteBuffer bytes) throws IOException {
            long end = offset + bytes.remaining();
            landing.write(offset, bytes);
            next = end;
        }
    }

    @Override
    public void close() {
        rdma.close();
        other.close();
    }
}
