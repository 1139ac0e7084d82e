package ringpull.transport.rdma;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.ObjLongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.transport.ChunkSource;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/**
 * Serves ranges of proven blobs over RDMA to members that have a session. Each of them has a window of the staging memory;
 * when all windows are taken, that of the reader goes that did nothing for longest, or a new one is told that we are busy.
 */
public final class RdmaServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RdmaServer.class);

    private static final int BACKLOG = 128;
    private static final int DISK_THREADS = 4;
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(10);

    private final ChunkSource source;
    private final Sessions sessions;
    private final ObjLongConsumer<InetAddress> servedBytes;
    private final Times times;
    private final Memory staging;
    private final ExecutorService disk;
    private final List<Listener> listeners = new ArrayList<>();
    private final Deque<Integer> windows = new ArrayDeque<>();
    private final Set<HolderPair> pairs = new HashSet<>();
    private boolean closed;
    private long refusals;

    /** How many readers can be served with so much pinned memory, of which the {@link RdmaTransport} takes a quarter. */
    public static int windows(long memoryBytes) {
        return (int) Math.max(1, memoryBytes / 4 * 3 / ((long) HolderPair.WINDOW_SLOTS * Memory.SLOT_BYTES));
    }

    /**
     * Listens at these addresses of RDMA devices (port 0: any free one) and serves from now on.
     *
     * @param windows how many readers at a time; each takes 8 MiB of pinned memory
     * @param patience how long the fabric may take for one SEND or READ
     * @param spin the most that a thread looks for completions before it sleeps; zero: not at all
     * @param servedBytes told of every piece that a reader is done with, and of which address, on a thread of its connection
     * @throws IOException if there is no RDMA here, no device has an address, or so much memory may not be pinned
     */
    public static RdmaServer bind(
            List<InetSocketAddress> addresses,
            ChunkSource source,
            Sessions sessions,
            int windows,
            Duration patience,
            Duration spin,
            ObjLongConsumer<InetAddress> servedBytes)
            throws IOException {
        return bind(addresses, source, sessions, windows, servedBytes, Times.of(patience, spin));
    }

    static RdmaServer bind(
            List<InetSocketAddress> addresses,
            ChunkSource source,
            Sessions sessions,
            int windows,
            ObjLongConsumer<InetAddress> servedBytes,
            Times times)
            throws IOException {
        Rdma.check();
        RdmaServer server = new RdmaServer(source, sessions, windows, servedBytes, times);
        try {
            for (InetSocketAddress address : addresses) {
                server.listen(address);
            }
            return server;
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    private RdmaServer(
            ChunkSource source, Sessions sessions, int windows, ObjLongConsumer<InetAddress> servedBytes, Times times)
            throws IOException {
        this.source = source;
        this.sessions = sessions;
        this.servedBytes = servedBytes;
        this.times = times;
        this.staging = new Memory(windows * HolderPair.WINDOW_SLOTS);
        for (int window = 0; window < windows; window++) {
            this.windows.add(window * HolderPair.WINDOW_SLOTS);
        }
        this.disk = Executors.newFixedThreadPool(
                DISK_THREADS,
                Thread.ofPlatform().daemon().name("serve-rdma-disk-", 0).factory());
    }

    /** One address, and the thread that takes connection requests there. */
    private final class Listener {
        private final Endpoint endpoint;
        private final InetSocketAddress address;
        private final Thread thread;
        private volatile boolean ending;

        Listener(InetAddress host, Endpoint endpoint) throws IOException {
            this.endpoint = endpoint;
            this.address = new InetSocketAddress(host, endpoint.localPort());
            this.thread = Thread.ofPlatform()
                    .daemon()
                    .name("serve-rdma-" + address.getPort())
                    .start(this::run);
        }

        private void run() {
            while (!ending) {
                try {
                    Optional<CmEvent> event = endpoint.next(-1);
                    if (event.isPresent() && event.get().type() == CmEvent.CONNECT_REQUEST) {
                        requested(event.get(), address.getAddress());
                    } else if (event.isPresent() && event.get().type() == CmEvent.DEVICE_REMOVAL) {
                        log.warn("the RDMA device of {} is gone: no more is served there", address);
                        return;
                    }
                } catch (IOException e) {
                    // One request failed, or the table of handles is full for now.
                    log.warn("serving RDMA at {}: {}", address, e.getMessage());
                }
            }
        }

        void close() throws InterruptedException {
            ending = true;
            endpoint.waker().run();
            thread.join();
            endpoint.close();
        }
    }

    private void listen(InetSocketAddress address) throws IOException {
        Endpoint endpoint = new Endpoint();
        try {
            endpoint.bind(address.getAddress(), address.getPort());
            endpoint.listen(BACKLOG);
            Port port = Port.of(endpoint);
            Listener listener = new Listener(address.getAddress(), endpoint);
            listeners.add(listener);
            log.info("serving RDMA at {}: {}", listener.address, port);
        } catch (IOException e) {
            endpoint.close();
            throw new IOException("cannot serve RDMA at " + address + ": " + e.getMessage(), e);
        }
    }

    private void requested(CmEvent request, InetAddress rail) throws IOException {
        Optional<Handshake.Visitor> visitor = Handshake.Visitor.of(request.privateData());
        Optional<Session> session = visitor.flatMap(who -> sessions.find(who.sessionId()))
                .filter(found -> visitor.get().proves(found));
        if (session.isEmpty()) {
            refuse(request, Handshake.Rejection.UNKNOWN);
            return;
        }
        Optional<Integer> window = takeWindow();
        if (window.isEmpty()) {
            refuse(request, Handshake.Rejection.BUSY);
            return;
        }
        HolderPair pair = new HolderPair(this, rail, request.id(), window.get(), session.get(), visitor.get(), times);
        synchronized (this) {
            pairs.add(pair);
        }
        pair.start("serve-rdma-reader");
    }

    private void refuse(CmEvent request, Handshake.Rejection why) throws IOException {
        synchronized (this) {
            refusals++;
        }
        try {
            Native.reject(request.id(), Handshake.rejection(why));
        } finally {
            Native.destroyRequest(request.id());
        }
    }

    /** A window, if one is free; if not, the reader that did nothing for longest is asked to make room for the next. */
    private synchronized Optional<Integer> takeWindow() {
        Integer free = closed ? null : windows.pollFirst();
        if (free == null) {
            pairs.stream()
                    .filter(pair -> pair.idleSince().isPresent())
                    .min(Comparator.comparingLong(pair -> pair.idleSince().orElse(Long.MAX_VALUE)))
                    .ifPresent(pair -> pair.end("another reader needs the room"));
        }
        return Optional.ofNullable(free);
    }

    void closed(HolderPair pair, InetSocketAddress reader, IOException why) {
        log.debug("RDMA connection of {} is over: {}", reader, why.getMessage());
        synchronized (this) {
            pairs.remove(pair);
            windows.addLast(pair.window());
            notifyAll();
        }
    }

    /** Where it listens, with the ports that it got. */
    public List<InetSocketAddress> addresses() {
        return listeners.stream().map(listener -> listener.address).toList();
    }

    /** Readers that are connected. */
    public synchronized int connections() {
        return pairs.size();
    }

    /** Connection requests that were refused: no session, no proof, no room. */
    public synchronized long refusals() {
        return refusals;
    }

    /** Memory that readers may read from. */
    public long pinnedBytes() {
        return (long) connections() * HolderPair.WINDOW_SLOTS * Memory.SLOT_BYTES;
    }

    ChunkSource source() {
        return source;
    }

    Sessions sessions() {
        return sessions;
    }

    Memory staging() {
        return staging;
    }

    ExecutorService disk() {
        return disk;
    }

    void served(InetAddress rail, long bytes) {
        servedBytes.accept(rail, bytes);
    }

    /** Breaks off everything now. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        try {
            for (Listener listener : listeners) {
                listener.close();
            }
            listeners.clear();
            synchronized (this) {
                pairs.forEach(pair -> pair.end("this member stops"));
            }
            boolean all = awaitPairs();
            disk.shutdown();
            if (!disk.awaitTermination(CLOSE_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                disk.shutdownNow();
            }
            if (all) {
                staging.close(); // else somebody may still write there: it goes with the process
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean awaitPairs() throws InterruptedException {
        Deadline deadline = Deadline.in(CLOSE_WAIT);
        while (!pairs.isEmpty() && deadline.millis() > 0) {
            wait(deadline.millis());
        }
        return pairs.isEmpty();
    }
}
