package ringpull.blob;

/** Bytes that were taken for a blob hash to something else. */
public final class ProofFailed extends Exception {
    public ProofFailed(Digest expected, Digest actual, long bytes) {
        super(bytes + " bytes that should be " + expected + " are " + actual);
    }
}
