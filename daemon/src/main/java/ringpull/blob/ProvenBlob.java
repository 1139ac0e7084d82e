package ringpull.blob;

/**
 * Evidence that bytes were seen which hash to a digest, with the ladder that leads there. Only {@link Proof#finish} and
 * {@link LadderProof#finish} make one.
 */
public final class ProvenBlob {
    private final Digest digest;
    private final Ladder ladder;

    ProvenBlob(Digest digest, Ladder ladder) {
        this.digest = digest;
        this.ladder = ladder;
    }

    public Digest digest() {
        return digest;
    }

    public long sizeBytes() {
        return ladder.sizeBytes();
    }

    public Ladder ladder() {
        return ladder;
    }
}
