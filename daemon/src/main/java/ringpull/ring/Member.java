package ringpull.ring;

import java.util.List;

/**
 * A daemon in the ring, as it describes itself.
 *
 * @param epoch boot epoch: milliseconds of the wall clock at its start, raised if need be so that it only grows;
 *     a record of a higher epoch replaces every record of a lower one
 * @param name for people; the host name unless configured
 * @param addresses IP addresses without ports, best first; at least one
 * @param controlPort gRPC between members
 * @param dataPort chunks
 * @param rack empty if not configured; zone likewise
 * @param transports names of the transports that it serves
 * @param weight its share of what the {@link Rendezvous} order gives out, beside those of the others; 0: nothing
 */
public record Member(
        MemberId id,
        long epoch,
        String name,
        List<String> addresses,
        int controlPort,
        int dataPort,
        String rack,
        String zone,
        List<String> transports,
        int weight) {
    /** @throws IllegalArgumentException if anything in it is beyond the {@link Limits} */
    public Member {
        addresses = List.copyOf(addresses);
        transports = List.copyOf(transports);
        Limits.check(id, epoch, addresses, transports);
        Limits.check(name, rack, zone);
        Limits.check(controlPort, dataPort, weight);
    }

    /** Of weight 1. */
    public Member(
            MemberId id,
            long epoch,
            String name,
            List<String> addresses,
            int controlPort,
            int dataPort,
            String rack,
            String zone,
            List<String> transports) {
        this(id, epoch, name, addresses, controlPort, dataPort, rack, zone, transports, 1);
    }

    Member withEpoch(long newEpoch) {
        return new Member(id, newEpoch, name, addresses, controlPort, dataPort, rack, zone, transports, weight);
    }
}
