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
        List<String> transports) {
    public Member {
        addresses = List.copyOf(addresses);
        transports = List.copyOf(transports);
    }

    Member withEpoch(long newEpoch) {
        return new Member(id, newEpoch, name, addresses, controlPort, dataPort, rack, zone, transports);
    }
}
