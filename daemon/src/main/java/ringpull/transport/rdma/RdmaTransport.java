package ringpull.transport.rdma;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ObjLongConsumer;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;
import ringpull.transport.Transport;
import ringpull.transport.session.HolderSessions;

/**
 * Ranges over RDMA: this end fetches them with RDMA READs into its own landing memory. A holder is named by the address of its
 * data port, as elsewhere; its session says where it serves RDMA. A rail is one of this host's addresses on an RDMA device;
 * a chunk's rail is chosen by its place in the blob, and is another while that one fails.
 */
public final class RdmaTransport implements Transport {
    /** {@link #name}. */
    public static final String NAME = "rdma";

    /** Connections that are kept; those used longest ago go. */
    private static final int WAYS_MAX = 64;

    private static final Duration CLOSE_WAIT = Duration.ofSeconds(10);

    private final HolderSessions sessions;
    private final ObjLongConsumer<InetAddress> fetchedBytes;
    private final Times times;
    private final Memory landing;
    private final List<Rail> rails = new ArrayList<>();
    private final RailChoice choice;
    private final SequencedMap<Place, Way> ways = new LinkedHashMap<>(16, 0.75f, true);
    private final Set<ReaderPair> pairs = new HashSet<>();
    private boolean closed;

    /** Whether a way fell silent, and nothing came by any since. */
    private boolean doubted;

    private record Place(InetSocketAddress holder, int rail) {}

    /** The landing memory's part of so much pinned memory, of which the {@link RdmaServer} takes the rest. */
    public static int landingSlots(long memoryBytes) {
        return (int) (memoryBytes / 4 / Memory.SLOT_BYTES);
    }

    /**
     * @param addresses of this host, each on an RDMA device
     * @param slots of landing memory, 1 MiB each, all of it pinned
     * @param patience how long the fabric may take to connect, or for one READ
     * @param spin the most that a thread looks for completions before it sleeps; zero: not at all
     * @param fetchedBytes told of every piece that arrived, and by which rail
     * @throws IOException if there is no RDMA here, no device has an address, or so much memory may not be pinned
     */
    public RdmaTransport(
            List<InetAddress> addresses,
            int slots,
            HolderSessions sessions,
            Duration patience,
            Duration spin,
            ObjLongConsumer<InetAddress> fetchedBytes)
            throws IOException {
        this(addresses, slots, sessions, fetchedBytes, Times.of(patience, spin));
    }

    RdmaTransport(
            List<InetAddress> addresses,
            int slots,
            HolderSessions sessions,
            ObjLongConsumer<InetAddress> fetchedBytes,
            Times times)
            throws IOException {
        Rdma.check();
        this.sessions = sessions;
        this.fetchedBytes = fetchedBytes;
        this.times = times;
        this.landing = new Memory(slots);
        try {
            for (InetAddress address : addresses) {
                rails.add(new Rail(address, landing));
            }
        } catch (IOException | RuntimeException e) {
            rails.forEach(Rail::close);
            landing.close();
            throw e;
        }
        choice = new RailChoice(
                rails.stream().mapToInt(rail -> rail.port().mbit()).toArray());
    }

    @Override
    public String name() {
        return NAME;
    }

    /** Whether a read of this should be tried here: the holder offers RDMA, and it has not failed lately. */
    public boolean isReady(InetSocketAddress holder, ByteRange range) {
        return sessions.offersRdma(holder) && ready(holder, range).isPresent();
    }

    @Override
    public void read(InetSocketAddress holder, Digest blob, ByteRange range, Landing to)
            throws TransferException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (range.length() == 0) {
            return;
        }
        Way way = ready(holder, range).orElseGet(() -> way(holder, rail(range)));
        Reading reading = new Reading(blob, range, landing);
        ReaderPair pair = submit(way, holder, reading);
        try {
            land(pair, reading, to);
        } catch (TransferException.Unreachable e) {
            if (!pair.isSessionRefused() || reading.isBegun()) {
                throw e;
            }
            // The holder ended our session, which it may at any time.
            way.leave(pair);
            pair.end("its session is over");
            Reading again = new Reading(blob, range, landing);
            land(submit(way, holder, again), again, to);
        }
        way.succeeded();
        trust();
    }

    private static ReaderPair submit(Way way, InetSocketAddress holder, Reading reading)
            throws TransferException, InterruptedException {
        ReaderPair pair = way.connection();
        if (!pair.submit(reading)) {
            way.leave(pair);
            throw new TransferException.Unreachable(holder + " broke off");
        }
        return pair;
    }

    private void land(ReaderPair pair, Reading reading, Landing to) throws TransferException, InterruptedException {
        long at = reading.range().offset();
        try {
            while (at < reading.range().end()) {
                Reading.Landed piece = reading.take();
                try {
                    land(to, at, landing.buffer(piece.slot(), piece.length()));
                } finally {
                    reading.consumed(piece);
                    pair.consumed();
                }
                at += piece.length();
                fetchedBytes.accept(pair.rail(), piece.length());
            }
        } finally {
            if (at < reading.range().end()) {
                reading.cancel();
                pair.cancelled();
            }
        }
    }

    private static void land(Landing to, long offset, ByteBuffer bytes) throws TransferException, InterruptedException {
        try {
            to.write(offset, bytes);
        } catch (ClosedByInterruptException e) {
            boolean _ = Thread.interrupted();
            throw new InterruptedException("while bytes landed");
        } catch (IOException | RuntimeException e) {
            throw new TransferException.LandingFailed("could not write at byte " + offset + ": " + e.getMessage(), e);
        }
    }

    private int rail(ByteRange range) {
        return choice.of(range.offset() / Memory.SLOT_BYTES);
    }

    /** By the range's own rail, or by the next one that has not failed lately. */
    private Optional<Way> ready(InetSocketAddress holder, ByteRange range) {
        for (int next = 0; next < rails.size(); next++) {
            Way way = way(holder, (rail(range) + next) % rails.size());
            if (way.isReady()) {
                return Optional.of(way);
            }
        }
        return Optional.empty();
    }

    private Way way(InetSocketAddress holder, int rail) {
        synchronized (this) {
            Way way = ways.computeIfAbsent(new Place(holder, rail), this::newWay);
            if (closed) {
                way.close();
            }
            if (ways.size() > WAYS_MAX) {
                Map.Entry<Place, Way> oldest = ways.pollFirstEntry();
                oldest.getValue().close();
            }
            return way;
        }
    }

    private Way newWay(Place place) {
        Way made = new Way(place.holder, ended -> connect(place, ended), this::doubt, System::nanoTime);
        if (doubted) {
            made.doubt();
        }
        return made;
    }

    /** So that a fabric which swallows all holds reads up once, and not once a holder and rail. */
    private synchronized void doubt() {
        doubted = true;
        ways.values().forEach(Way::doubt);
    }

    private synchronized void trust() {
        doubted = false;
    }

    private ReaderPair connect(Place place, Consumer<ReaderPair> ended)
            throws IOException, TransferException, InterruptedException {
        HolderSessions.Held session = sessions.get(place.holder);
        List<InetSocketAddress> targets = session.session().rdma();
        if (targets.isEmpty()) {
            throw new TransferException.Unreachable(place.holder + " does not serve RDMA any more");
        }
        ReaderPair pair = new ReaderPair(
                rails.get(place.rail),
                place.holder,
                targets.get(place.rail % targets.size()),
                landing,
                session,
                times,
                ended,
                this::gone);
        synchronized (this) {
            if (closed) {
                throw new IOException("the transport was closed");
            }
            pairs.add(pair);
        }
        pair.start("read-rdma");
        return pair;
    }

    private synchronized void gone(ReaderPair pair) {
        pairs.remove(pair);
        notifyAll();
    }

    /** Connections that are there or begin. */
    public synchronized int connections() {
        return pairs.size();
    }

    /** Memory that devices may write to. */
    public long pinnedBytes() {
        return landing.bytes();
    }

    /** Closes every connection; reads that run fail as unreachable. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            ways.values().forEach(Way::close);
            pairs.forEach(pair -> pair.end("the transport was closed"));
        }
        try {
            Deadline deadline = Deadline.in(CLOSE_WAIT);
            if (awaitPairs(deadline)) {
                rails.forEach(Rail::close);
                // A reader that still writes from it keeps it: then it goes with the process.
                if (landing.awaitAll(deadline)) {
                    landing.close();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean awaitPairs(Deadline deadline) throws InterruptedException {
        while (!pairs.isEmpty() && deadline.millis() > 0) {
            wait(deadline.millis());
        }
        return pairs.isEmpty();
    }
}
