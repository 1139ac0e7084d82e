package ringpull.blob;

/** Evidence that bytes which hash to a digest were seen in order. Only {@link Proof#finish} makes one. */
public final class ProvenBlob {
    private final Digest digest;
    private final long sizeBytes;

    ProvenBlob(Digest digest, long sizeBytes) {
        this.digest = digest;
        this.sizeBytes = sizeBytes;
    }

    public Digest digest() {
        return digest;
    }

    public long sizeBytes() {
        return sizeBytes;
    }
}
