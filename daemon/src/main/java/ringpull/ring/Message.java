package ringpull.ring;

import java.util.List;

/**
 * What members say to each other; the same form for questions and answers.
 *
 * @param cluster name of the sender's ring
 * @param protocol version of the protocol that the sender speaks, from 1
 * @param capabilities a bit for each thing that the sender can do beyond that version; unknown bits mean nothing
 * @param sender about itself
 * @param health the sender's local health: 0 well, {@value Limits#HEALTH} very slow
 * @param rumors about other members
 * @param claims about members that the reader may know
 * @param deaths the same in eight bytes each, of members that died: {@link Digests#death}
 * @param deltas of inventories, the sender's or others'
 */
public record Message(
        String cluster,
        int protocol,
        long capabilities,
        Rumor sender,
        int health,
        List<Rumor> rumors,
        List<Claim> claims,
        Hashes deaths,
        List<Delta> deltas,
        Body body) {
    /** What this release speaks. */
    public static final int PROTOCOL = 2;

    public Message {
        rumors = List.copyOf(rumors);
        claims = List.copyOf(claims);
        deltas = List.copyOf(deltas);
        Limits.name(cluster, 1, Limits.NAME_CHARS, "ring's name");
        Limits.require(protocol >= 1, "the protocol version");
        Limits.within(health, LocalHealth.WORST, "health");
        Limits.within(rumors.size(), Limits.RUMORS_PER_MESSAGE, "members");
        Limits.within(claims.size(), Limits.CLAIMS_PER_MESSAGE, "claims");
        Limits.within(deaths.size(), Limits.CLAIMS_PER_MESSAGE, "deaths");
        Limits.within(deltas.size(), Limits.DELTAS_PER_MESSAGE, "inventories");
        long changes = 0;
        for (Delta delta : deltas) {
            changes += delta.changes().size();
        }
        Limits.within(changes, Limits.CHANGES_PER_MESSAGE, "inventory changes");
    }

    /** From a sender that is well, without claims. */
    public Message(
            String cluster,
            int protocol,
            long capabilities,
            Rumor sender,
            List<Rumor> rumors,
            List<Delta> deltas,
            Body body) {
        this(cluster, protocol, capabilities, sender, 0, rumors, List.of(), Hashes.NONE, deltas, body);
    }
}
