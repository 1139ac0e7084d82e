package ringpull.swarm;

import ringpull.blob.Digest;

/**
 * How many streams to its origin a blob's home may lease out, as the registry's home says. Until that has answered: one,
 * so that the blob's size is found out meanwhile; where it never answers, a few.
 */
final class Budget {
    private static final int UNANSWERED = 4;
    private static final long REFRESH = SwarmLimits.SECONDS;

    private final Node node;
    private final Digest digest;
    private String registry = "";
    private int allowed = 1;
    private long askedAt = -SwarmLimits.NEVER;
    private long firstAsked = SwarmLimits.NEVER;
    private long pausedUntil;
    private long tell;
    private boolean answered;

    Budget(Node node, Digest digest) {
        this.node = node;
        this.digest = digest;
    }

    int streams() {
        return node.now() < pausedUntil ? 0 : allowed;
    }

    /** The origin wants to be left alone: by the whole ring. */
    void pause(long nanos) {
        long until = node.now() + Math.clamp(nanos, 0, SwarmLimits.PAUSE_MOST);
        if (until > pausedUntil) {
            pausedUntil = until;
            tell = until;
            askedAt = -SwarmLimits.NEVER;
        }
    }

    /** Asks the registry's home now and then, while there is something to lease. */
    void tick(String source, boolean wanted) {
        registry = source.isEmpty() ? registry : Gate.registry(source);
        if (registry.isEmpty() || node.now() - askedAt < REFRESH) {
            return;
        }
        if (!wanted && !answered) {
            return;
        }
        if (firstAsked == SwarmLimits.NEVER) {
            firstAsked = node.now();
        }
        askedAt = node.now();
        if (!answered && node.now() - firstAsked > 2 * REFRESH) {
            allowed = UNANSWERED;
        }
        answered &= wanted;
        long pause = Math.max(0, tell - node.now());
        var first = node.ranking().order(Gate.digest(registry), "", 1);
        if (!first.isEmpty()) {
            node.send(
                    first.getFirst(),
                    new Message.Need(registry, digest, wanted ? SwarmLimits.BLOB_STREAMS : 0, pause, 0, node.self()));
        }
    }

    void allowed(Message.Allow allow) {
        if (allow.registry().equals(registry)) {
            answered = true;
            allowed = Math.clamp(allow.streams(), 0, SwarmLimits.BLOB_STREAMS);
            pausedUntil = Math.max(pausedUntil, node.now() + Math.clamp(allow.pauseNanos(), 0, SwarmLimits.PAUSE_MOST));
        }
    }
}
