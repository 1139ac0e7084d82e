package ringpull.ring;

import java.util.List;

/**
 * What members say to each other; the same form for questions and answers.
 *
 * @param cluster name of the sender's ring
 * @param protocol version of the protocol that the sender speaks, from 1
 * @param capabilities a bit for each thing that the sender can do beyond that version; unknown bits mean nothing
 * @param sender about itself
 * @param rumors about other members
 * @param deltas of inventories, the sender's or others'
 */
public record Message(
        String cluster,
        int protocol,
        long capabilities,
        Rumor sender,
        List<Rumor> rumors,
        List<Delta> deltas,
        Body body) {
    /** What this release speaks. */
    public static final int PROTOCOL = 1;

    public Message {
        rumors = List.copyOf(rumors);
        deltas = List.copyOf(deltas);
        Limits.name(cluster, 1, Limits.NAME_CHARS, "ring's name");
        Limits.require(protocol >= 1, "the protocol version");
        Limits.within(rumors.size(), Limits.RUMORS_PER_MESSAGE, "members");
        Limits.within(deltas.size(), Limits.DELTAS_PER_MESSAGE, "inventories");
        long changes = deltas.stream().mapToLong(d -> d.changes().size()).sum();
        Limits.within(changes, Limits.CHANGES_PER_MESSAGE, "inventory changes");
    }
}
