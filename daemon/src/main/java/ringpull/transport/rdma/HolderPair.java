package ringpull.transport.rdma;

import com.ibm.disni.verbs.IbvMr;
import com.ibm.disni.verbs.IbvPd;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringpull.transport.ChunkSource;
import ringpull.transport.session.Session;

/**
 * The holder's end of a connection: puts the pieces of ranges into its window of memory, and leases them to the reader. The
 * window is registered in a protection domain of this connection's own, so an offer is of no use to anybody else.
 */
final class HolderPair extends Pair implements Service.Results {
    /** Ranges that a reader may ask for at a time. */
    static final int RANGES_MAX = 16;

    /** Slots of a window: pieces that one reader may have at a time. */
    static final int WINDOW_SLOTS = 8;

    /** Steps on threads for the disk, those too that nobody wants any more. */
    private static final int DISK_WORKS_MAX = 4 * RANGES_MAX;

    private final RdmaServer server;
    private final InetAddress rail;
    private final long request;
    private final int window;
    private final Handshake.Welcome welcome;
    private final String session;
    private final Handshake.Proofs proofs;
    private final Closing closing = new Closing();
    private final Map<Integer, Service> services = new HashMap<>();
    /** Those too that were cancelled, until no thread reads for them. */
    private final Set<Service> open = new HashSet<>();

    private final Deque<Service> turns = new ArrayDeque<>();
    private final Deque<Integer> freeSlots = new ArrayDeque<>();
    private final @Nullable Lease[] leases = new Lease[WINDOW_SLOTS];
    private final int[] keys = new int[2];
    private InetSocketAddress reader = InetSocketAddress.createUnresolved("?", 0);
    private int leaseNumbers;
    private boolean asked;
    private volatile long usedAt = System.nanoTime();
    private volatile boolean idle;
    private int diskWorks;

    private record Lease(Service service, int number, int length, long end) {}

    /**
     * @param rail our address that the reader came to
     * @param request the native number of the connection request
     * @param window the first slot of this connection's share of the staging memory
     */
    HolderPair(
            RdmaServer server,
            InetAddress rail,
            long request,
            int window,
            Session session,
            Handshake.Visitor visitor,
            Times times) {
        super(times);
        this.server = server;
        this.rail = rail;
        this.request = request;
        this.window = window;
        this.session = session.id();
        this.welcome = new Handshake.Welcome(session, visitor);
        this.proofs = welcome.proofs();
        for (int slot = 0; slot < WINDOW_SLOTS; slot++) {
            freeSlots.add(slot);
        }
    }

    int window() {
        return window;
    }

    /** Since when nothing is under way; empty if something is. For any thread. */
    Optional<Long> idleSince() {
        return idle ? Optional.of(usedAt) : Optional.empty();
    }

    @Override
    Endpoint open() throws IOException {
        Endpoint endpoint;
        try {
            endpoint = new Endpoint();
        } catch (IOException e) {
            Native.destroyRequest(request);
            throw e;
        }
        try {
            endpoint.adopt(request);
            reader = new InetSocketAddress(endpoint.remote(), 0);
            return endpoint;
        } catch (IOException e) {
            Native.destroyRequest(request); // if it is still there
            endpoint.close();
            throw e;
        }
    }

    @Override
    IbvPd domain(Endpoint endpoint) throws IOException {
        IbvPd domain = Rail.domain(endpoint, closing);
        long bytes = (long) WINDOW_SLOTS * Memory.SLOT_BYTES;
        boolean _ = Native.near(endpoint.number(), server.staging().address(window), bytes);
        long registration =
                Rail.register(domain, server.staging().address(window), bytes, IbvMr.IBV_ACCESS_REMOTE_READ, keys);
        closing.step("staging memory", () -> Native.deregister(registration));
        return domain;
    }

    @Override
    void connect(Endpoint endpoint) throws IOException {
        endpoint.accept(welcome.data(), Deadline.in(times().connect().multipliedBy(2)));
    }

    @Override
    public void received(Message message) throws IOException {
        switch (message) {
            case Message.Ask ask -> asked(ask);
            case Message.Done done -> done(done);
            case Message.Cancel cancel -> {
                Service service = services.remove(cancel.number());
                if (service != null) {
                    end(service);
                }
            }
            case Message.Piece _, Message.Refuse _ -> throw new IOException("the reader sent what only a holder sends");
        }
    }

    private void asked(Message.Ask ask) throws IOException {
        if (!MessageDigest.isEqual(proofs.next(ask.blob(), ask.range()), ask.proof())) {
            throw new IOException("a range was asked for without the session's proof");
        }
        asked = true;
        usedAt = turn(); // and not by whatever else is said: a window is for those who read
        if (services.size() == RANGES_MAX || services.containsKey(ask.number())) {
            throw new IOException("more ranges were asked for than may be");
        }
        if (server.sessions().find(session).isEmpty()) {
            link().send(new Message.Refuse(ask.number(), Message.Reason.SESSION_OVER, ""));
            return;
        }
        if (!hasRoomForWork()) {
            String text = "ranges that were broken off are not closed yet";
            link().send(new Message.Refuse(ask.number(), Message.Reason.BUSY, text));
            return;
        }
        Service service = new Service(ask, server.disk());
        services.put(ask.number(), service);
        open.add(service);
        begin();
        service.open(server.source(), reader, this);
    }

    private synchronized boolean hasRoomForWork() {
        return diskWorks < DISK_WORKS_MAX;
    }

    private synchronized void begin() {
        diskWorks++;
    }

    private synchronized void finish() {
        diskWorks--;
        notifyAll();
    }

    @Override
    public void opened(Service service, ChunkSource.@Nullable Serving serving, @Nullable IOException failure) {
        boolean taken = order(new Order() {
            @Override
            public void run() throws IOException {
                openedNow(service, serving, failure);
            }

            @Override
            public void lapse() {
                if (serving != null) {
                    Service.close(serving);
                }
            }
        });
        if (!taken && serving != null) {
            Service.close(serving);
        }
        finish();
    }

    private void openedNow(Service service, ChunkSource.@Nullable Serving serving, @Nullable IOException failure)
            throws IOException {
        if (service.isOver()) {
            if (serving != null) {
                Service.close(serving);
            }
        } else if (serving != null && service.range().end() > serving.file().sizeBytes()) {
            Service.close(serving);
            refuse(
                    service,
                    Message.Reason.FAILED,
                    "the blob has only " + serving.file().sizeBytes() + " bytes");
        } else if (serving != null) {
            service.opened(serving);
            turns.addLast(service);
            fillSlots();
        } else if (failure == null) {
            refuse(service, Message.Reason.NOT_HELD, "");
        } else {
            boolean busy = failure instanceof ChunkSource.Busy;
            refuse(service, busy ? Message.Reason.BUSY : Message.Reason.FAILED, String.valueOf(failure.getMessage()));
        }
    }

    private void refuse(Service service, Message.Reason reason, String text) throws IOException {
        services.remove(service.number());
        end(service);
        link().send(new Message.Refuse(service.number(), reason, text));
    }

    /** Gives free slots to the ranges in turn; one range alone may have them all, else half. */
    private void fillSlots() {
        int passed = 0;
        while (!freeSlots.isEmpty() && passed < turns.size()) {
            Service service = turns.removeFirst();
            if (service.isOver() || !service.wantsSlot()) {
                continue; // it has all that it needs
            }
            turns.addLast(service);
            if (turns.size() > 1 && service.slots() >= WINDOW_SLOTS / 2) {
                passed++;
                continue;
            }
            passed = 0;
            int slot = freeSlots.removeFirst();
            begin();
            service.fill(slot, server.staging().buffer(window + slot, Memory.SLOT_BYTES), this);
        }
    }

    @Override
    public void filled(Service service, Service.Fill fill, @Nullable IOException failure) {
        order(() -> filledNow(service, fill, failure));
        finish();
    }

    private void filledNow(Service service, Service.Fill fill, @Nullable IOException failure) throws IOException {
        fill.filled(failure);
        for (Service.Fill next = service.takeFilled(); next != null; next = service.takeFilled()) {
            IOException why = next.failure();
            if (why == null && !service.isOver()) {
                offer(service, next);
                continue;
            }
            freeSlots.add(next.slot());
            if (why != null && !service.isOver()) {
                refuse(service, Message.Reason.FAILED, String.valueOf(why.getMessage()));
            }
        }
        if (service.isOffered()) {
            services.remove(service.number());
            close(service);
        } else if (service.isOver()) {
            closeIfSettled(service);
        }
        fillSlots();
    }

    private void offer(Service service, Service.Fill fill) throws IOException {
        int number = ++leaseNumbers;
        long millis = times().lease().toMillis();
        service.leased(1);
        leases[fill.slot()] = new Lease(service, number, fill.length(), turn() + millis * 1_000_000L);
        link().send(new Message.Piece(
                service.number(),
                fill.offset(),
                fill.length(),
                server.staging().address(window + fill.slot()),
                keys[1],
                fill.slot(),
                number,
                (int) millis));
    }

    private void done(Message.Done done) throws IOException {
        Lease lease = done.slot() >= 0 && done.slot() < WINDOW_SLOTS ? leases[done.slot()] : null;
        if (lease == null || lease.number != done.lease()) {
            throw new IOException("an offer was returned that was not made");
        }
        usedAt = turn();
        leases[done.slot()] = null;
        lease.service.leased(-1);
        freeSlots.add(done.slot());
        server.served(rail, lease.length);
        fillSlots();
    }

    /** Nothing more of this range. */
    private void end(Service service) {
        service.cancel();
        closeIfSettled(service);
    }

    private void closeIfSettled(Service service) {
        if (service.isSettled()) {
            close(service);
        }
    }

    private void close(Service service) {
        open.remove(service);
        service.close();
    }

    @Override
    public void fetched(int token) throws IOException {
        throw new IOException("a READ was completed that was not posted");
    }

    @Override
    void tick(long now) throws IOException {
        long grace = 2 * times().operation().toNanos();
        for (Lease lease : leases) {
            if (lease != null && now - lease.end > grace) {
                throw new IOException("the reader kept an offer beyond its lease");
            }
        }
        boolean nothing = isIdle();
        if (nothing && now - usedAt > (asked ? times().idle().multipliedBy(2) : times().stall()).toNanos()) {
            throw new IOException(asked ? "not used" : "no range was asked for");
        }
        idle = nothing && asked;
    }

    @Override
    boolean isIdle() {
        return services.isEmpty() && freeSlots.size() == WINDOW_SLOTS;
    }

    @Override
    void broke(IOException why) {
        open.forEach(Service::cancel);
    }

    @Override
    void unlinked() {
        closing.close();
    }

    @Override
    void closed(IOException why) {
        open.forEach(Service::cancel);
        awaitDisk();
        open.forEach(Service::close);
        server.closed(this, reader, why);
    }

    /** The window is nobody else's while a thread may still write there. */
    private synchronized void awaitDisk() {
        boolean interrupted = false;
        while (diskWorks > 0) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
