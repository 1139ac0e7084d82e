package ringpull.ring;

/**
 * How much this node trusts itself: the local health multiplier of Lifeguard (Dadgar, Phillips, Currey 2018). A node whose
 * probes fail though others answer, or that has to refute suspicions, is likely slow itself: it gives others more time.
 */
final class LocalHealth {
    static final int WORST = Limits.HEALTH;

    private int score;

    /** From 0, well, to {@link #WORST}. */
    int score() {
        return score;
    }

    void worse(int by) {
        score = Math.min(WORST, score + by);
    }

    void better() {
        score = Math.max(0, score - 1);
    }

    /** A time that is right for a node that is well, as long as this one needs it. */
    long stretch(long nanos) {
        return nanos * (score + 1);
    }
}
