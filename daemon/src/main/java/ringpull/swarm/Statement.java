package ringpull.swarm;

import java.util.List;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/**
 * What a member that read a run from the origin says about it. The swarm carries it and does not look inside. Two are
 * equal only if they are the same object.
 */
public final class Statement {
    private final MemberId signer;
    private final Run run;
    private final List<Digest> hashes;
    private final byte[] signature;

    /**
     * @param hashes the SHA-256 of each chunk of the run
     * @param signature by the member's key; empty where members have none
     */
    public Statement(MemberId signer, Run run, List<Digest> hashes, byte[] signature) {
        this.signer = signer;
        this.run = run;
        this.hashes = List.copyOf(hashes);
        this.signature = signature.clone();
    }

    public MemberId signer() {
        return signer;
    }

    public Run run() {
        return run;
    }

    public List<Digest> hashes() {
        return hashes;
    }

    public byte[] signature() {
        return signature.clone();
    }
}
