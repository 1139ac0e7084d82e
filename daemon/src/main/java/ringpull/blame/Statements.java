package ringpull.blame;

import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.swarm.Reading;
import ringpull.swarm.Run;
import ringpull.swarm.Statement;
import ringpull.swarm.SwarmLimits;
import ringpull.tls.MemberKeys;

/**
 * Makes this member's statements about chunks that it read from an origin, and checks those of others: signed by the key of
 * the member that they name, in this ring, in its present boot, about this very blob. In a ring without certificates
 * they are unsigned, and a member's word is all that there is. For any thread.
 */
public final class Statements {
    /** Statements that are known to be signed: each comes from many neighbours. */
    private static final int KNOWN_MAX = 16_384;

    /** Signers whose certificates are kept once, and not with each statement. */
    private static final int SIGNERS_MAX = 16_384;

    private static final byte[] NONE = {};

    private final String cluster;
    private final MemberId self;
    private final long epoch;
    private final Optional<MemberKeys> keys;
    private final Epochs epochs;
    private final Map<String, Statement> known = new LinkedHashMap<>();
    private final Map<String, byte[]> signers = new HashMap<>();

    /** What the ring knows of members. */
    @FunctionalInterface
    public interface Epochs {
        /** The boot epoch of a member, alive or dead; empty: it is not known. */
        OptionalLong of(MemberId member);
    }

    /** What a statement turned out to be. */
    public sealed interface Finding {
        /** The member that it names made it; {@code statement} is the same with shared parts. */
        record Valid(Statement statement) implements Finding {}

        /** Nothing follows from it: of another boot, of a member that is not known, under a certificate not trusted here. */
        record Unusable(String why) implements Finding {}

        /** Nobody who follows the protocol says this: its signature is of other words, or of another member. */
        record Forged(String why) implements Finding {}
    }

    /**
     * @param cluster the name of the ring
     * @param epoch of this boot
     * @param keys empty: this ring has no certificates
     */
    public Statements(String cluster, MemberId self, long epoch, Optional<MemberKeys> keys, Epochs epochs) {
        this.cluster = cluster;
        this.self = self;
        this.epoch = epoch;
        this.keys = keys;
        this.epochs = epochs;
    }

    /** Whether statements are signed in this ring. */
    public boolean areSigned() {
        return keys.isPresent();
    }

    /**
     * Says what these chunks are.
     *
     * @param hashes the SHA-256 of each chunk of the run
     * @param endpoint the origin that they came from
     * @param authentic whether it proved who it is
     */
    public Statement make(
            Digest digest, long sizeBytes, Run run, List<Digest> hashes, String endpoint, boolean authentic) {
        String where = endpoint.substring(0, Math.min(endpoint.length(), SwarmLimits.SOURCE_CHARS));
        Reading reading = new Reading(self, epoch, sizeBytes, run, hashes, where, authentic);
        if (keys.isEmpty()) {
            return new Statement(reading, NONE, NONE);
        }
        MemberKeys.Signed signed = keys.get().sign(reading.bytes(cluster, digest));
        return new Statement(reading, shared(signed.certificates()), signed.signature());
    }

    /** What a statement about this blob turns out to be. */
    public Finding check(Digest digest, Statement statement) {
        Reading reading = statement.reading();
        OptionalLong present = epochs.of(reading.reader());
        if (present.isEmpty() || present.getAsLong() != reading.epoch()) {
            return new Finding.Unusable(present.isEmpty() ? "its reader is no member" : "it is of another boot");
        }
        if (keys.isEmpty()) {
            return new Finding.Valid(new Statement(reading, NONE, NONE));
        }
        byte[] content = reading.bytes(cluster, digest);
        String name = name(content, statement);
        synchronized (known) {
            Statement before = known.get(name);
            if (before != null) {
                return new Finding.Valid(before);
            }
        }
        MemberKeys.Signed signed = new MemberKeys.Signed(statement.certificates(), statement.signature());
        return switch (keys.get().signer(content, signed)) {
            case MemberKeys.Signer.Untrusted(String why) -> new Finding.Unusable(why);
            case MemberKeys.Signer.Forged(var alleged) ->
                new Finding.Forged("the key of " + alleged.text() + " did not sign it");
            case MemberKeys.Signer.Is(var member) ->
                member.memberId().equals(reading.reader().hex())
                        ? remember(name, statement)
                        : new Finding.Forged(member.text() + " signed it in another member's name");
        };
    }

    private Finding remember(String name, Statement statement) {
        Statement kept = new Statement(statement.reading(), shared(statement.certificates()), statement.signature());
        synchronized (known) {
            known.put(name, kept);
            if (known.size() > KNOWN_MAX) {
                known.remove(known.keySet().iterator().next());
            }
        }
        return new Finding.Valid(kept);
    }

    /** Other certificates or revocations are in force: every statement is to be checked anew. */
    public void forget() {
        synchronized (known) {
            known.clear();
        }
    }

    private byte[] shared(byte[] certificates) {
        String name = HexFormat.of().formatHex(Digest.hasher().digest(certificates));
        synchronized (signers) {
            if (signers.size() >= SIGNERS_MAX) {
                signers.clear();
            }
            return signers.computeIfAbsent(name, n -> certificates.clone());
        }
    }

    private static String name(byte[] content, Statement statement) {
        MessageDigest hash = Digest.hasher();
        hash.update(Digest.hasher().digest(content));
        hash.update(Digest.hasher().digest(statement.certificates()));
        hash.update(statement.signature());
        return HexFormat.of().formatHex(hash.digest());
    }
}
