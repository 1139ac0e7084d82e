package ringpull.swarm;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/**
 * The home of a registry: divides the streams that the whole ring may keep open to it among the homes of the blobs that are
 * being read from it, and passes one Retry-After on to all of them. A share that shrinks does so as leases end: breaking one off
 * would cost bytes that were sent already.
 */
final class Gate {
    private static final long LASTS = 5 * SwarmLimits.SECONDS;

    private final Node node;
    private final String registry;
    private final Map<Digest, Share> shares = new LinkedHashMap<>();
    private long pausedUntil;

    private static final class Share {
        final MemberId home;
        final int wanted;
        long seen;
        int allowed = -1;

        Share(MemberId home, int wanted) {
            this.home = home;
            this.wanted = wanted;
        }
    }

    Gate(Node node, String registry) {
        this.node = node;
        this.registry = registry;
    }

    /** {@code registry.example:5000} of {@code registry.example:5000/team/image}. */
    static String registry(String source) {
        int slash = source.indexOf('/');
        return slash < 0 ? source : source.substring(0, slash);
    }

    /** The name under which a registry has a rendezvous order. */
    static Digest digest(String registry) {
        try {
            return Digest.ofBytes(MessageDigest.getInstance("SHA-256")
                    .digest(("registry " + registry).getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    boolean over() {
        return shares.isEmpty() && node.now() >= pausedUntil;
    }

    void need(Message.Need need) {
        long until = node.now() + Math.clamp(need.pauseNanos(), 0, SwarmLimits.PAUSE_MOST);
        boolean pause = until > pausedUntil && need.pauseNanos() > 0;
        pausedUntil = pause ? until : pausedUntil;
        if (need.streams() == 0) {
            shares.remove(need.digest());
        } else if (shares.containsKey(need.digest()) || shares.size() < SwarmLimits.HOMES) {
            Share old = shares.get(need.digest());
            Share share = new Share(need.home(), Math.min(need.streams(), SwarmLimits.BLOB_STREAMS));
            share.seen = node.now();
            share.allowed = old == null ? -1 : old.allowed;
            shares.put(need.digest(), share);
        }
        divide(pause ? null : need.digest());
    }

    void tick() {
        if (shares.values().removeIf(share -> node.now() - share.seen > LASTS)) {
            divide(Digest.ofBytes(new byte[Digest.SIZE_BYTES]));
        }
    }

    /** Says to each blob's home what it may, if that is new or it asked; to all if a pause is new. */
    private void divide(@Nullable Digest asker) {
        int left = SwarmLimits.REGISTRY_STREAMS;
        int sharers = shares.size();
        for (Map.Entry<Digest, Share> entry : shares.entrySet()) {
            Share share = entry.getValue();
            int allowed = Math.min(share.wanted, Math.min(left, Math.ceilDiv(left, sharers)));
            left -= allowed;
            sharers--;
            if (asker == null || entry.getKey().equals(asker) || allowed != share.allowed) {
                share.allowed = allowed;
                node.send(
                        share.home,
                        new Message.Allow(registry, entry.getKey(), allowed, Math.max(0, pausedUntil - node.now())));
            }
        }
    }
}
