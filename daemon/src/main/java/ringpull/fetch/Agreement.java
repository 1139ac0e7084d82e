package ringpull.fetch;

import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import ringpull.blob.Digest;
import ringpull.ring.Ladders;
import ringpull.ring.Member;

/**
 * Asks other hosts for their ladders of a blob that is proven by one holder's. What two members on different hosts sign alike
 * may leave before the whole is proven: one liar can do nothing, and two that lie alike have signed it.
 */
final class Agreement {
    /** Members that are asked besides the ladder's author. */
    private static final int WITNESSES_MAX = 3;

    private Agreement() {}

    /** Asks in the background, one after another, until one agrees with all of the ladder. */
    static void seek(
            LinkProof links,
            Member author,
            List<Member> holders,
            Fetcher.Parts parts,
            Digest digest,
            Evidence evidence) {
        List<Member> witnesses = holders.stream()
                .filter(holder -> !shareHost(holder, author))
                .limit(WITNESSES_MAX)
                .toList();
        if (witnesses.isEmpty()) {
            return;
        }
        parts.threads().execute(() -> {
            try {
                boolean all = false;
                for (Member witness : witnesses) {
                    if (!all && links.credible()) {
                        Optional<Ladders.Told> told = parts.sources().ladders().of(witness, digest, links.sizeBytes());
                        told.ifPresent(evidence::told);
                        all = told.filter(Ladders.Told::isSigned)
                                .map(other -> links.witness(other.ladder()))
                                .orElse(false);
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // the daemon stops
            }
        });
    }

    /** Whether two members have an address in common, however they write it. */
    static boolean shareHost(Member one, Member other) {
        Set<InetAddress> both = new HashSet<>(hosts(one));
        both.retainAll(hosts(other));
        return !both.isEmpty() || one.id().equals(other.id());
    }

    private static Set<InetAddress> hosts(Member member) {
        return member.addresses().stream().map(InetAddress::ofLiteral).collect(Collectors.toSet());
    }
}
