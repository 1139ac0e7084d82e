package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import ringpull.blob.BlobFile;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.blob.Repository;
import ringpull.origin.OriginStream;

/** Brings the bytes of a manifest or index into memory, proven, wherever they lie. */
final class ManifestReader {
    private final Blobs blobs;
    private final FetchWait wait;

    ManifestReader(Blobs blobs, FetchWait wait) {
        this.blobs = blobs;
        this.wait = wait;
    }

    /**
     * @param bytes all of it, from position 0
     * @param here whether it was complete on this node before we asked
     */
    record Manifest(ByteBuffer bytes, boolean here) {
        int sizeBytes() {
            return bytes.remaining();
        }
    }

    Manifest read(Digest digest, Repository repository) throws ImageFailed, InterruptedException {
        BlobRequest request = new BlobRequest(digest, ContentKind.MANIFEST, Optional.of(repository));
        String what = "the manifest " + digest + " of " + repository;
        try {
            return switch (blobs.deliver(request)) {
                case Delivery.Complete(BlobFile file, String mediaType) -> new Manifest(readAndClose(file), true);
                case Delivery.Arriving(Fetch fetch) -> {
                    wait.await(
                            fetch,
                            running -> checkSize(digest, running.sizeBytes().orElse(0)));
                    yield new Manifest(readAndClose(fetch.open()), false);
                }
                case Delivery.PassThrough(OriginStream stream) -> new Manifest(proveAndClose(digest, stream), false);
                case Delivery.Nowhere(String reason, String detail) -> throw ImageFailed.of(what, reason, detail);
            };
        } catch (IOException e) {
            throw ImageFailed.of(what, "store_failed", e.toString());
        } catch (ProofFailed e) {
            throw ImageFailed.of(what, "origin_inconsistent", String.valueOf(e.getMessage()));
        }
    }

    private static ByteBuffer readAndClose(BlobFile file) throws IOException, ImageFailed {
        try (file) {
            checkSize(file.digest(), file.sizeBytes());
            return ByteBuffer.wrap(file.read());
        }
    }

    private static ByteBuffer proveAndClose(Digest digest, OriginStream stream)
            throws IOException, ImageFailed, ProofFailed {
        try (stream) {
            checkSize(digest, stream.sizeBytes());
            ByteBuffer bytes = ByteBuffer.allocate((int) stream.sizeBytes());
            while (bytes.hasRemaining() && stream.read(bytes) >= 0) {
                // reads on
            }
            Proof.of(digest, bytes.flip());
            return bytes;
        }
    }

    private static void checkSize(Digest digest, long sizeBytes) throws ImageFailed {
        if (sizeBytes < 0 || sizeBytes > ManifestJson.BYTES_MAX) {
            throw ImageFailed.of(
                    digest.toString(),
                    "malformed",
                    sizeBytes + " bytes are more than a manifest may have (" + ManifestJson.BYTES_MAX + ")");
        }
    }
}
