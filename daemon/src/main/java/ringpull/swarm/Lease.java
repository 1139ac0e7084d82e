package ringpull.swarm;

/**
 * The right and the duty to bring a run into the swarm.
 *
 * @param next the first chunk that is not there yet
 * @param stillNanos how long nothing has moved, as its holder says
 */
public record Lease(long id, Kind kind, int first, int next, int end, long stillNanos) {
    /** From where. */
    public enum Kind {
        /** From the origin. */
        ORIGIN,
        /** From members of other racks. */
        ABROAD
    }

    public Lease {
        if (first < 0 || next < first || end < next || end == first) {
            throw new IllegalArgumentException("no such lease: chunks " + first + " to " + end + ", at " + next);
        }
    }

    /** Whether a chunk is yet to be brought under it. */
    boolean owes(int chunk) {
        return chunk >= next && chunk < end;
    }
}
