package ringpull.swarm;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/**
 * A puller's standing with its home, or a rack's home's with the blob's: reports to the first in rank, and to the next when
 * that one does not answer. Each report says everything, so that a new home knows what the old one knew.
 */
final class Registration {
    private static final int ATTEMPTS = 2;
    private static final long SPACING = 20 * SwarmLimits.MILLIS;
    private static final long RETRY = 500 * SwarmLimits.MILLIS;

    /** Pullers re-register at a new home within so long for each that the old one knew. */
    private static final long JITTER_PER_PULLER = 400_000;

    private static final long JITTER_MOST = 4 * SwarmLimits.SECONDS;

    private final Node node;
    private final Digest digest;
    private final String scope;
    private final Author author;
    private final Set<MemberId> silent = new LinkedHashSet<>();

    private @Nullable MemberId home;
    private long nonce;
    private long grantedNonce;
    private long due;
    private long sentAt;
    private int attempts;
    private boolean veteran;
    private int pullers;
    private long lostSince;

    /** Writes the reports. */
    interface Author {
        Message.Report report(Registration standing, long nonce);
    }

    Registration(Node node, Digest digest, String scope, Author author) {
        this.node = node;
        this.digest = digest;
        this.scope = scope;
        this.author = author;
        nonce = node.random().nextLong(1L << 60);
        grantedNonce = nonce;
        due = node.now();
        lostSince = node.now();
    }

    boolean veteran() {
        return veteran;
    }

    List<MemberId> silent() {
        return List.copyOf(silent);
    }

    /** Whether nobody has answered as a home for too long. */
    boolean homeless() {
        return node.now() - lostSince > SwarmLimits.HOMELESS;
    }

    /** Something happened that the home should know. */
    void soon() {
        due = Math.min(due, Math.max(node.now(), sentAt + SPACING));
    }

    void tick() {
        if (attempts > 0 && node.now() - sentAt > SwarmLimits.ANSWER) {
            if (attempts >= ATTEMPTS) {
                giveUp();
            }
            due = Math.min(due, node.now());
        }
        if (node.now() >= due) {
            send();
        }
    }

    private void send() {
        if (home == null) {
            home = choose();
        }
        MemberId to = home;
        sentAt = node.now();
        if (to == null) {
            silent.clear();
            due = node.now() + RETRY;
            return;
        }
        attempts++;
        nonce++;
        due = node.now() + SwarmLimits.REPORT_MOST;
        node.send(to, author.report(this, nonce));
    }

    private @Nullable MemberId choose() {
        for (MemberId member : node.ranking().order(digest, scope, SwarmLimits.SILENT + 1)) {
            if (!silent.contains(member)) {
                return member;
            }
        }
        return null;
    }

    private void giveUp() {
        MemberId lost = home;
        if (lost != null && silent.size() < SwarmLimits.SILENT) {
            silent.add(lost);
        }
        home = null;
        attempts = 0;
    }

    /** Whether a grant is the answer to one of our reports and not older than what we know. */
    boolean accept(MemberId from, Message.Grant grant) {
        if (grant.nonce() < grantedNonce || grant.nonce() > nonce) {
            return false;
        }
        grantedNonce = grant.nonce();
        home = from;
        attempts = grant.nonce() == nonce ? 0 : 1;
        silent.clear();
        veteran = true;
        pullers = grant.pullers();
        lostSince = node.now();
        long every = Math.clamp(grant.reportNanos(), SwarmLimits.REPORT_LEAST, SwarmLimits.REPORT_MOST);
        due = Math.min(due, node.now() + (grant.leases().isEmpty() ? every : SwarmLimits.REPORT_LEAST));
        return true;
    }

    /** The home is gone: the next in rank hears of us, but not of all at once. */
    void lost(MemberId member) {
        if (member.equals(home)) {
            giveUp();
            long spread = Math.min(JITTER_MOST, pullers * JITTER_PER_PULLER);
            due = node.now() + (spread == 0 ? 0 : node.random().nextLong(spread));
        }
    }

    /** Says goodbye. */
    void leave() {
        MemberId to = home;
        if (to != null) {
            node.send(to, new Message.Bye(digest, true));
        }
    }
}
