package ringpull.ring;

/** An allowance that fills again with time: so many a second, and at most so many at once. */
final class TokenBucket {
    private final long perSecond;
    private final long most;
    private double tokens;
    private long filledAt;

    TokenBucket(long perSecond, long most) {
        this.perSecond = perSecond;
        this.most = most;
        tokens = (double) most;
    }

    /** What may be spent now; below zero if more was spent than there was. */
    long available(long now) {
        tokens = Math.min((double) most, tokens + (double) perSecond * (now - filledAt) / Time.SECONDS);
        filledAt = now;
        return (long) tokens;
    }

    void spend(long amount) {
        tokens -= (double) amount;
    }
}
