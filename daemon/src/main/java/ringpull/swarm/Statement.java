package ringpull.swarm;

import java.util.List;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/**
 * What a member that read a run from the origin says about it, with its signature. The swarm carries it and does not look
 * inside; whoever hears it has checked it before. Two are equal only if they are the same object.
 */
public final class Statement {
    private final Reading reading;
    private final byte[] certificates;
    private final byte[] signature;

    /**
     * @param certificates the reader's in DER, then what leads to an authority; empty where members have none. Shared, not
     *     copied: they are the same in thousands of statements
     * @param signature by the reader's key; empty where members have none
     */
    public Statement(Reading reading, byte[] certificates, byte[] signature) {
        this.reading = reading;
        this.certificates = certificates;
        this.signature = signature.clone();
    }

    public Reading reading() {
        return reading;
    }

    public MemberId signer() {
        return reading.reader();
    }

    public Run run() {
        return reading.run();
    }

    public List<Digest> hashes() {
        return reading.hashes();
    }

    /** Not to be changed. */
    public byte[] certificates() {
        return certificates;
    }

    public byte[] signature() {
        return signature.clone();
    }
}
