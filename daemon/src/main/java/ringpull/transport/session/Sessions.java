package ringpull.transport.session;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.function.LongSupplier;

/**
 * The sessions that other members have with this one, for one boot: they are in memory only. A member that makes too many
 * loses its oldest; if all together make too many, the one that was used longest ago goes. Safe for many threads.
 */
public final class Sessions {
    /** So short that what was overheard or stolen is soon worth nothing; made anew, it costs one call. */
    public static final Duration LIFETIME = Duration.ofMinutes(15);

    /** A member needs one, and a second while it renews; more if it starts again and again. */
    public static final int PER_PEER_MAX = 16;

    /** More than a ring has members; some 500 bytes each. */
    static final int TOTAL_MAX = 32_768;

    private final LongSupplier nanoClock;
    private final int totalMax;
    private final SecureRandom random = new SecureRandom();

    /** By least recent use. */
    private final SequencedMap<String, Held> held = new LinkedHashMap<>(16, 0.75f, true);

    private final Map<String, SequencedSet<String>> byPeer = new HashMap<>();

    private record Held(Session session, String peer, long until) {}

    /** @param nanoClock monotonic, as {@link System#nanoTime} */
    public Sessions(LongSupplier nanoClock) {
        this(nanoClock, TOTAL_MAX);
    }

    Sessions(LongSupplier nanoClock, int totalMax) {
        this.nanoClock = nanoClock;
        this.totalMax = totalMax;
    }

    /**
     * Makes a session.
     *
     * @param peer whom it is for: a name that only this member can prove, such as the id in its certificate
     */
    public Session make(String peer) {
        byte[] id = new byte[Session.ID_BYTES];
        byte[] secret = new byte[Session.SECRET_BYTES];
        random.nextBytes(id);
        random.nextBytes(secret);
        Session session = Session.of(id, secret, LIFETIME);
        synchronized (this) {
            held.put(session.id(), new Held(session, peer, nanoClock.getAsLong() + LIFETIME.toNanos()));
            SequencedSet<String> its = byPeer.computeIfAbsent(peer, p -> new LinkedHashSet<>());
            its.addLast(session.id());
            if (its.size() > PER_PEER_MAX) {
                remove(its.getFirst());
            } else if (held.size() > totalMax) {
                remove(held.firstEntry().getKey());
            }
        }
        return session;
    }

    /** The session of this name, if there is one and its time is not over. */
    public synchronized Optional<Session> find(String id) {
        Held found = held.get(id);
        if (found == null) {
            return Optional.empty();
        }
        if (nanoClock.getAsLong() - found.until >= 0) {
            remove(id);
            return Optional.empty();
        }
        return Optional.of(found.session);
    }

    /** The same, if it is this peer's: the name that it was made for. */
    public synchronized Optional<Session> find(String peer, String id) {
        Held found = held.get(id);
        return found != null && found.peer.equals(peer) ? find(id) : Optional.empty();
    }

    /** Ends all, as when certificates were withdrawn: whom the control port still lets in gets another at once. */
    public synchronized void clear() {
        held.clear();
        byPeer.clear();
    }

    private void remove(String id) {
        Held gone = held.remove(id);
        if (gone != null) {
            byPeer.computeIfPresent(gone.peer, (peer, its) -> {
                its.remove(id);
                return its.isEmpty() ? null : its;
            });
        }
    }

    /** How many there are, those included whose time is over and that nobody asked for since. */
    public synchronized int count() {
        return held.size();
    }

    /** How many peers have any. */
    synchronized int peers() {
        return byPeer.size();
    }
}
