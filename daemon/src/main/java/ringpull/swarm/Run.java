package ringpull.swarm;

/**
 * Chunks of a blob that lie side by side.
 *
 * @param first index of the first
 * @param end index after the last
 */
public record Run(int first, int end) {
    public Run {
        if (first < 0 || end <= first) {
            throw new IllegalArgumentException("no such run of chunks: " + first + " to " + end);
        }
    }

    /** How many chunks. */
    public int count() {
        return end - first;
    }
}
