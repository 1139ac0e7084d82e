package ringpull.transport.nvmeof;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import ringpull.blob.Digest;
import ringpull.helper.Endpoint;
import ringpull.helper.Request;
import ringpull.transport.ChunkSource;
import ringpull.transport.session.Session;

/**
 * Which reader sees which blobs, and until when. What the helper was told is here, and nothing else: if the connection to it
 * breaks, nothing is shown. For the one thread of {@link Exports}, but for {@link #count}.
 */
final class ShownBlobs {
    /** A reader makes its lease anew while it reads; one that died holds a copy so long. */
    static final Duration LEASE = Duration.ofSeconds(60);

    /** A reader disconnects before; this is for those that died. */
    static final Duration READER_IDLE = Duration.ofSeconds(90);

    static final int LEASES_MAX = 1024;

    /** Blobs are leased anew when a session is: so more than one reads at once. */
    static final int LEASES_PER_MEMBER_MAX = 128;

    /** It needs one, and a second while it renews; more if it starts again and again: each stays until it was idle for long. */
    static final int SESSIONS_PER_MEMBER_MAX = 8;

    private final OwnTarget target;
    private final Endpoint endpoint;
    private final LongSupplier nanoTime;
    private final Map<String, Reader> readers = new HashMap<>();
    private final AtomicInteger count = new AtomicInteger();

    /** A blob that one reader sees. */
    private static final class Shown {
        final UUID namespace = UUID.randomUUID();
        final Copies.Copy copy;
        final long sizeBytes;
        long until;

        Shown(Copies.Copy copy, long sizeBytes) {
            this.copy = copy;
            this.sizeBytes = sizeBytes;
        }
    }

    /** What one session sees. */
    private static final class Reader {
        final String member;
        final Map<Digest, Shown> shown = new HashMap<>();
        long idleSince;

        Reader(String member) {
            this.member = member;
        }
    }

    /** @param nanoTime a clock that never goes back */
    ShownBlobs(OwnTarget target, Endpoint endpoint, LongSupplier nanoTime) {
        this.target = target;
        this.endpoint = endpoint;
        this.nanoTime = nanoTime;
    }

    /** Goes on showing a blob, if it is shown. */
    Optional<Lease> again(Session session, Digest digest) {
        Reader reader = readers.get(session.id());
        Shown shown = reader == null ? null : reader.shown.get(digest);
        return Optional.ofNullable(shown).map(this::lease);
    }

    private Lease lease(Shown shown) {
        shown.until = nanoTime.getAsLong() + LEASE.toNanos();
        return new Lease(endpoint, shown.namespace, Layout.LEAD_BYTES, shown.sizeBytes, LEASE);
    }

    /**
     * Shows a blob, or goes on showing it.
     *
     * @param member whose session it is
     * @param copy is closed when it is shown no longer, or is not shown
     * @throws ChunkSource.Busy if too much is shown already
     */
    Lease show(String member, Session session, Digest digest, Copies.Copy copy, long sizeBytes) throws IOException {
        boolean kept = false;
        try {
            Optional<Lease> other = again(session, digest);
            if (other.isPresent()) {
                return other.get();
            }
            mustHaveRoom(member, session);
            Shown fresh = new Shown(copy, sizeBytes);
            Request.Session name = new Request.Session(session.id());
            show(new Request.Export(name, DerivedKey.of(session.secret()), fresh.namespace), copy);
            readers.computeIfAbsent(session.id(), id -> new Reader(member))
                    .shown
                    .put(digest, fresh);
            count.incrementAndGet();
            kept = true;
            return lease(fresh);
        } finally {
            if (!kept) {
                copy.close();
            }
        }
    }

    /** One member never takes all, however many sessions it makes. */
    private void mustHaveRoom(String member, Session session) throws ChunkSource.Busy {
        int sessions = readers.containsKey(session.id()) ? 0 : 1;
        int leases = 0;
        for (Reader reader : readers.values()) {
            if (reader.member.equals(member)) {
                sessions++;
                leases += reader.shown.size();
            }
        }
        if (count.get() >= LEASES_MAX || leases >= LEASES_PER_MEMBER_MAX || sessions > SESSIONS_PER_MEMBER_MAX) {
            throw new ChunkSource.Busy("too many blobs are shown already");
        }
    }

    private void show(Request.Export request, Copies.Copy copy) throws IOException {
        forgetWhatIsGone();
        try {
            target.show(request, copy.file());
        } catch (IOException e) {
            if (!forgetWhatIsGone()) {
                throw e;
            }
            target.show(request, copy.file()); // of a helper that was started again meanwhile
        }
    }

    /** Whether anything was. */
    private boolean forgetWhatIsGone() {
        boolean gone = target.hasBroken();
        if (gone) {
            close();
        }
        return gone;
    }

    /** Shows a blob no longer. What is not shown is no failure. */
    void hide(String session, UUID namespace) {
        Reader reader = readers.get(session);
        if (reader != null) {
            hide(session, reader, shown -> shown.namespace.equals(namespace));
        }
    }

    private void hide(String session, Reader reader, Predicate<Shown> which) {
        for (Iterator<Shown> all = reader.shown.values().iterator(); all.hasNext(); ) {
            Shown shown = all.next();
            if (which.test(shown)) {
                target.tell(new Request.Withdraw(new Request.Session(session), shown.namespace));
                shown.copy.close();
                all.remove();
                count.decrementAndGet();
                reader.idleSince = nanoTime.getAsLong();
            }
        }
    }

    private void dismiss(String session) {
        Reader reader = readers.remove(session);
        if (reader != null) {
            target.tell(new Request.Dismiss(new Request.Session(session)));
            reader.shown.values().forEach(shown -> shown.copy.close());
            count.addAndGet(-reader.shown.size());
        }
    }

    void dismissAll() {
        List.copyOf(readers.keySet()).forEach(this::dismiss);
    }

    /** Ends what nobody leased anew, and lets readers go that saw nothing for long. */
    void sweep() {
        long now = nanoTime.getAsLong();
        for (Map.Entry<String, Reader> one : List.copyOf(readers.entrySet())) {
            Reader reader = one.getValue();
            hide(one.getKey(), reader, shown -> now - shown.until >= 0);
            if (reader.shown.isEmpty() && now - reader.idleSince >= READER_IDLE.toNanos()) {
                dismiss(one.getKey());
            }
        }
        forgetWhatIsGone();
    }

    /** How many blobs are shown, each reader's counted. For any thread. */
    int count() {
        return count.get();
    }

    /** Gives the copies back; what showed them has gone, or goes. */
    void close() {
        readers.values().forEach(reader -> reader.shown.values().forEach(shown -> shown.copy.close()));
        readers.clear();
        count.set(0);
    }
}
