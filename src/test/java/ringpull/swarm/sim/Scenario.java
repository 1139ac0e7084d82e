package ringpull.swarm.sim;

/**
 * What a simulated swarm is like.
 *
 * @param linkBytes bytes a second of every node's link, each way
 * @param originBytes bytes a second of the origin's link
 * @param rttMillis between any two
 * @param loss share of control messages that are lost
 * @param racks 0: none are configured
 * @param rackLinkBytes bytes a second, each way, between a rack and the first, where the origin stands; 0: as many as wanted
 * @param spreadMillis nodes start within this time
 */
public record Scenario(
        int nodes,
        long bytes,
        long linkBytes,
        long originBytes,
        double rttMillis,
        double loss,
        int racks,
        long rackLinkBytes,
        long spreadMillis,
        long seed) {
    public static final long GIGABIT = 125_000_000;

    public static Scenario of(int nodes, long bytes) {
        return new Scenario(nodes, bytes, GIGABIT, GIGABIT, 1, 0, 0, 0, 100, 1);
    }

    public Scenario link(long bytesPerSecond) {
        return new Scenario(
                nodes, bytes, bytesPerSecond, originBytes, rttMillis, loss, racks, rackLinkBytes, spreadMillis, seed);
    }

    public Scenario origin(long bytesPerSecond) {
        return new Scenario(
                nodes, bytes, linkBytes, bytesPerSecond, rttMillis, loss, racks, rackLinkBytes, spreadMillis, seed);
    }

    public Scenario rtt(double millis) {
        return new Scenario(
                nodes, bytes, linkBytes, originBytes, millis, loss, racks, rackLinkBytes, spreadMillis, seed);
    }

    public Scenario loss(double share) {
        return new Scenario(
                nodes, bytes, linkBytes, originBytes, rttMillis, share, racks, rackLinkBytes, spreadMillis, seed);
    }

    public Scenario racks(int count) {
        return new Scenario(
                nodes, bytes, linkBytes, originBytes, rttMillis, loss, count, rackLinkBytes, spreadMillis, seed);
    }

    /** One link to each rack but the first. */
    public Scenario rackLink(long bytesPerSecond) {
        return new Scenario(
                nodes, bytes, linkBytes, originBytes, rttMillis, loss, racks, bytesPerSecond, spreadMillis, seed);
    }

    public Scenario seed(long other) {
        return new Scenario(
                nodes, bytes, linkBytes, originBytes, rttMillis, loss, racks, rackLinkBytes, spreadMillis, other);
    }

    /** The least time in which the last node can have all, in seconds: link, origin, and one core's hashing. */
    public double idealSeconds() {
        return Math.max((double) bytes / Math.min(linkBytes, originBytes), bytes / 1.8e9);
    }
}
