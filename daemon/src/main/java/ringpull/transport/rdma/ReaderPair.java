package ringpull.transport.rdma;

import com.ibm.disni.verbs.IbvPd;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ringpull.transport.TransferException;
import ringpull.transport.session.HolderSessions;

/** The reader's end of a connection: asks for ranges, fetches what is offered, and says when it is done with it. */
final class ReaderPair extends Pair {
    /** Ranges that are asked for at a time; more wait here. */
    private static final int RANGES = HolderPair.RANGES_MAX;

    private final Rail rail;
    private final InetSocketAddress holder;
    private final InetSocketAddress target;
    private final Memory memory;
    private final HolderSessions.Held session;
    private final Handshake.Knock knock;
    private final Consumer<ReaderPair> ended;
    private final Consumer<ReaderPair> gone;
    private final CompletableFuture<ReaderPair> ready = new CompletableFuture<>();
    private final Map<Integer, Reading> active = new HashMap<>();
    private final Deque<Reading> waiting = new ArrayDeque<>();
    private final Deque<Offer> offers = new ArrayDeque<>();
    private final Map<Integer, Fetch> fetches = new HashMap<>();
    private Handshake.@Nullable Proofs proofs;
    private int numbers;
    /** Pieces that were offered and not returned. */
    private int lent;

    private boolean waitsForMemory;
    private boolean told;
    private boolean replaced;
    private volatile boolean leftOffers;
    private volatile boolean endedInSilence;
    private long usedAt = System.nanoTime();
    private long heardAt = usedAt;
    private Deadline deadline;

    private record Offer(Reading reading, Message.Piece piece, long leaseEnd) {}

    private record Fetch(Reading reading, Message.Piece piece, int slot) {}

    /**
     * @param ended told once when it is over, whether it ever was ready or not
     * @param gone told once when nothing of it is left
     */
    ReaderPair(
            Rail rail,
            InetSocketAddress holder,
            InetSocketAddress target,
            Memory memory,
            HolderSessions.Held session,
            Times times,
            Consumer<ReaderPair> ended,
            Consumer<ReaderPair> gone) {
        super(times);
        this.rail = rail;
        this.holder = holder;
        this.target = target;
        this.memory = memory;
        this.session = session;
        this.knock = new Handshake.Knock(session.session());
        this.ended = ended;
        this.gone = gone;
        this.deadline = Deadline.in(times.connect());
    }

    /** Waits until it is connected, or over; connecting has its limit. */
    ReaderPair awaitReady() throws IOException, InterruptedException {
        try {
            return ready.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        }
    }

    boolean sessionHadWorked() {
        return session.hasWorked();
    }

    /** Whether the holder has ended the session that this connection rests on. */
    boolean isSessionRefused() {
        return session.isRefused();
    }

    InetAddress rail() {
        return rail.address();
    }

    /** Whether it ended while nobody read: no reason to think less of it. */
    boolean endedIdle() {
        return isIdle();
    }

    /** Whether it ended because nothing came back. */
    boolean endedInSilence() {
        return endedInSilence;
    }

    /** Another one takes its place; what is read here now may go on. */
    void replace() {
        order(() -> replaced = true);
    }

    /** Brings a range; false if the connection is over. */
    boolean submit(Reading reading) {
        return order(new Order() {
            @Override
            public void run() throws IOException {
                waiting.addLast(reading);
                askMore();
            }

            @Override
            public void lapse() {
                waiting.addLast(reading);
            }
        });
    }

    /** The reader took a piece out: there may be room for one that was left. */
    void consumed() {
        if (leftOffers) {
            order(this::pump);
        }
    }

    /** The reader wants no more. */
    void cancelled() {
        order(this::pump);
    }

    @Override
    Endpoint open() throws IOException {
        deadline = Deadline.in(times().connect());
        Endpoint endpoint = new Endpoint();
        try {
            endpoint.resolve(rail.address(), target, deadline);
            return endpoint;
        } catch (IOException e) {
            endpoint.close();
            throw e;
        }
    }

    @Override
    IbvPd domain(Endpoint endpoint) {
        return rail.domain();
    }

    @Override
    void connect(Endpoint endpoint) throws IOException {
        byte[] welcome;
        try {
            welcome = endpoint.connect(knock.data(), deadline);
        } catch (Endpoint.Rejected e) {
            if (e.why().filter(Handshake.Rejection.UNKNOWN::equals).isPresent()) {
                session.refuse();
            }
            throw e;
        }
        proofs = knock.welcomed(welcome)
                .orElseThrow(() -> new IOException("whoever answers there does not know the session"));
        session.work();
        ready.complete(this);
    }

    private void askMore() throws IOException {
        Handshake.Proofs ours = proofs;
        long now = turn();
        while (ours != null && active.size() < RANGES && !waiting.isEmpty()) {
            Reading next = waiting.removeFirst();
            if (!next.isOver()) {
                usedAt = now;
                next.asked(now);
                active.put(++numbers, next);
                link().send(new Message.Ask(numbers, next.blob(), next.range(), ours.next(next.blob(), next.range())));
            }
        }
    }

    @Override
    public void received(Message message) throws IOException {
        heardAt = turn();
        switch (message) {
            case Message.Piece piece -> offered(piece);
            case Message.Refuse refusal -> refused(refusal);
            case Message.Ask _, Message.Done _, Message.Cancel _ ->
                throw new IOException("the holder sent what only a reader sends");
        }
    }

    private void offered(Message.Piece piece) throws IOException {
        if (++lent > HolderPair.WINDOW_SLOTS) {
            throw new IOException("the holder offers more at a time than a window holds");
        }
        Reading reading = active.get(piece.number());
        if (reading == null) {
            release(piece); // it was cancelled while this was on its way
            return;
        }
        long now = turn();
        if (!reading.accepts(piece, now)) {
            throw new IOException("the holder offers bytes that are not next");
        }
        long lease = Math.min(Math.max(piece.leaseMillis(), 0), times().lease().toMillis()) * 1_000_000L;
        offers.addLast(new Offer(reading, piece, now + lease));
        if (reading.isOffered()) {
            active.remove(piece.number());
            askMore();
        }
        pump();
    }

    private void refused(Message.Refuse refusal) throws IOException {
        Reading reading = active.remove(refusal.number());
        if (reading != null) {
            if (refusal.reason() == Message.Reason.SESSION_OVER) {
                session.refuse();
            }
            reading.refuse(
                    switch (refusal.reason()) {
                        case NOT_HELD -> new TransferException.NotHeld(holder + " does not hold " + reading.blob());
                        case BUSY -> new TransferException.Busy(holder + ": " + refusal.text());
                        case FAILED -> new TransferException.Unreachable(holder + " broke off: " + refusal.text());
                        case SESSION_OVER -> new TransferException.Unreachable(holder + " ended the session");
                    });
            askMore();
        }
    }

    /** Fetches of what is offered all that there is room for. */
    private void pump() throws IOException {
        leftOffers = !offers.isEmpty(); // before there is found to be no room: who makes some after that sees it
        fetchOffers();
        leftOffers = !offers.isEmpty();
    }

    private void fetchOffers() throws IOException {
        Link link = link();
        long now = turn();
        Iterator<Offer> each = offers.iterator();
        while (each.hasNext()) {
            Offer offer = each.next();
            Reading reading = offer.reading;
            if (!reading.isOver() && offer.leaseEnd - now < times().operation().toNanos()) {
                reading.fail(new TransferException.Unreachable(
                        holder + ": its offer ran out before there was room for " + offer.piece.length() + " bytes"));
            }
            if (reading.isOver()) {
                each.remove();
                reading.settle();
                release(offer.piece);
            } else if (!link.canRead() || waitsForMemory) {
                return;
            } else if (reading.reserve()) {
                int slot = memory.take(this::memoryIsFree);
                if (slot < 0) {
                    reading.unreserve();
                    waitsForMemory = true;
                    return;
                }
                each.remove();
                fetches.put(slot, new Fetch(reading, offer.piece, slot));
                link.read(memory.address(slot), rail.key(), offer.piece, slot);
            }
        }
    }

    private boolean memoryIsFree() {
        return order(() -> {
            waitsForMemory = false;
            pump();
            memory.passOn();
        });
    }

    private void release(Message.Piece piece) throws IOException {
        lent--;
        link().send(new Message.Done(piece.number(), piece.slot(), piece.lease()));
    }

    @Override
    public void fetched(int token) throws IOException {
        Fetch fetch = fetches.remove(token);
        if (fetch == null) {
            throw new IOException("a READ was completed twice");
        }
        release(fetch.piece);
        fetch.reading.land(new Reading.Landed(fetch.slot, fetch.piece.offset(), fetch.piece.length()));
        fetch.reading.settle();
        pump();
    }

    @Override
    void tick(long now) throws IOException {
        for (Map.Entry<Integer, Reading> each : List.copyOf(active.entrySet())) {
            Reading reading = each.getValue();
            if (!reading.isOver()
                    && !hasOffers(reading)
                    && now - reading.movedAt() > times().stall().toNanos()) {
                String silence =
                        holder + " offered nothing for " + times().stall().toMillis() + " ms";
                if (now - heardAt > times().stall().toNanos()) {
                    // Of iWARP a SEND is complete when it was not heard yet: nothing else says that the fabric swallows
                    // all.
                    throw new Silence(silence);
                }
                reading.fail(new TransferException.Unreachable(silence));
            }
            if (reading.isOver()) {
                active.remove(each.getKey());
                link().send(new Message.Cancel(each.getKey()));
            }
        }
        askMore();
        if (!offers.isEmpty()) {
            pump();
        }
        if (isIdle() && replaced) {
            throw new IOException("another connection took its place");
        }
        if (isIdle() && now - usedAt > times().idle().toNanos()) {
            throw new IOException("not used for " + times().idle().toSeconds() + " s");
        }
    }

    /** While its own reader holds it up the holder is not late. */
    private boolean hasOffers(Reading reading) {
        return reading.isFull() || offers.stream().anyMatch(offer -> offer.reading == reading);
    }

    @Override
    boolean isIdle() {
        return active.isEmpty() && waiting.isEmpty() && offers.isEmpty() && fetches.isEmpty();
    }

    @Override
    void unlinked() {
        fetches.values().forEach(fetch -> memory.giveBack(fetch.slot));
    }

    /** Readers go on elsewhere at once; what is being fetched keeps its slots until {@link #unlinked}. */
    @Override
    void broke(IOException why) {
        if (!told) {
            told = true;
            endedInSilence = why instanceof Silence;
            ended.accept(this);
            ready.completeExceptionally(why);
        }
        TransferException broken =
                new TransferException.Unreachable(holder + " cannot be read from: " + why.getMessage(), why);
        active.values().forEach(reading -> reading.fail(broken));
        waiting.forEach(reading -> reading.fail(broken));
        offers.forEach(offer -> offer.reading.fail(broken));
        fetches.values().forEach(fetch -> fetch.reading.fail(broken));
    }

    @Override
    void closed(IOException why) {
        broke(why); // to those that came since, and where it never was a connection
        gone.accept(this);
    }
}
