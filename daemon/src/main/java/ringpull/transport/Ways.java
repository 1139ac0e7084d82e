package ringpull.transport;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.ObjLongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;

/** Several transports as one: the first that fits a read begins it, and what it does not bring the next one brings. */
public final class Ways implements Transport {
    private static final Logger log = LoggerFactory.getLogger(Ways.class);

    private final List<Way> better;
    private final Transport always;
    private final ObjLongConsumer<String> brought;
    private final BiConsumer<String, String> fellBack;

    /** A transport, and when to read by it. */
    public record Way(Transport transport, Fit fit) {}

    /** Whether a read is worth trying over a transport. Answers at once. */
    @FunctionalInterface
    public interface Fit {
        boolean fits(InetSocketAddress holder, Digest blob, ByteRange range);
    }

    /**
     * @param better the best first
     * @param always for what those do not fit, and for what they leave
     * @param brought told of bytes that came, by transport
     * @param fellBack told of a range that one transport gave up, and which one has it then at the latest
     */
    public Ways(
            List<Way> better, Transport always, ObjLongConsumer<String> brought, BiConsumer<String, String> fellBack) {
        this.better = List.copyOf(better);
        this.always = always;
        this.brought = brought;
        this.fellBack = fellBack;
    }

    @Override
    public String name() {
        return always.name();
    }

    @Override
    public void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing landing)
            throws TransferException, InterruptedException {
        Counted counted = new Counted(landing, range.offset());
        ByteRange rest = range;
        for (Way way : better) {
            if (!way.fit().fits(holder, blob, rest)) {
                continue;
            }
            try {
                read(way.transport(), holder, blob, rest, counted);
                return;
            } catch (TransferException.LandingFailed e) {
                throw e;
            } catch (TransferException e) {
                log.debug("{} goes on by another transport: {}", blob, e.getMessage());
                fellBack.accept(way.transport().name(), always.name());
            }
            rest = new ByteRange(counted.end, range.end() - counted.end);
        }
        read(always, holder, blob, rest, counted);
    }

    private void read(Transport transport, InetSocketAddress holder, Digest blob, ByteRange range, Counted counted)
            throws TransferException, InterruptedException {
        try {
            transport.read(holder, blob, range, counted);
        } finally {
            brought.accept(transport.name(), counted.end - range.offset());
        }
    }

    @Override
    public void spoilt(InetSocketAddress holder) {
        better.forEach(way -> way.transport().spoilt(holder));
        always.spoilt(holder);
    }

    /** Knows how far a range has come. */
    private static final class Counted implements Landing {
        private final Landing landing;
        private volatile long end;

        Counted(Landing landing, long start) {
            this.landing = landing;
            this.end = start;
        }

        @Override
        public void write(long offset, ByteBuffer bytes) throws IOException {
            int length = bytes.remaining();
            landing.write(offset, bytes);
            end = offset + length;
        }
    }

    @Override
    public void close() {
        better.forEach(way -> way.transport().close());
        always.close();
    }
}
