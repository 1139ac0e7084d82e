package ringpull.bench;

/** Counts rounds; the first is warm-up and not counted. Ends early where one more would exceed the time, but has one. */
final class Rounds {
    /** Enough for a median where nothing disturbs. */
    static final int USUAL = 5;

    private final int wanted;
    private final long endNanos;
    private int number = -1;
    private long begunNanos;
    private long longestNanos;

    Rounds(int wanted, long endNanos) {
        this.wanted = wanted;
        this.endNanos = endNanos;
    }

    /** Whether one more is to be measured, which begins now. */
    boolean next() {
        long now = System.nanoTime();
        if (number >= 0) {
            longestNanos = Math.max(longestNanos, now - begunNanos);
        }
        boolean fits = now + longestNanos < endNanos;
        if (number >= wanted || number >= 1 && !fits) {
            return false;
        }
        number++;
        begunNanos = now;
        return true;
    }

    boolean warmUp() {
        return number == 0;
    }

    /** Of the blobs that take turns, whose turn it is. */
    int turn() {
        return number % 2;
    }

    /** Rounds measured so far. */
    int measured() {
        return number;
    }

    /** Whether the time was used up before the rounds: then the figures are worth less. */
    boolean cutShort() {
        return number < wanted;
    }
}
