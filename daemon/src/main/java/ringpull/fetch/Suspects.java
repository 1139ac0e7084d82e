package ringpull.fetch;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/**
 * Members whose bytes of a blob did not prove: they are not asked for that blob again while this daemon lives. Keeps
 * the newest {@value #DIGESTS_MAX} blobs.
 */
final class Suspects {
    private static final int DIGESTS_MAX = 1024;

    private final Map<Digest, Set<MemberId>> byDigest = new LinkedHashMap<>();
    private final Set<Digest> proofFirst = new LinkedHashSet<>();

    synchronized void add(Digest digest, Collection<MemberId> members) {
        Set<MemberId> known = byDigest.remove(digest);
        Set<MemberId> all = new HashSet<>(members);
        if (known != null) {
            all.addAll(known);
        }
        byDigest.put(digest, all);
        if (byDigest.size() > DIGESTS_MAX) {
            byDigest.remove(byDigest.keySet().iterator().next());
        }
    }

    /** Bytes of this blob were believed too early: from now on none leaves before all are proven. */
    synchronized void neverEarly(Digest digest) {
        proofFirst.add(digest);
        if (proofFirst.size() > DIGESTS_MAX) {
            proofFirst.remove(proofFirst.iterator().next());
        }
    }

    synchronized boolean isNeverEarly(Digest digest) {
        return proofFirst.contains(digest);
    }

    synchronized boolean contains(Digest digest, MemberId member) {
        return byDigest.getOrDefault(digest, Set.of()).contains(member);
    }
}
