package ringpull.fetch;

import java.util.Locale;
import ringpull.blob.Digest;

/**
 * One blob of an image.
 *
 * @param sizeBytes as the descriptor says; 0 for the root of a digest reference until it is read
 * @param mediaType as the descriptor says; may be empty
 * @param platform for manifests below an index, and what hangs below them; else empty
 * @param foreign whether it is to be had only under URLs of its own: we do not go there
 */
public record ImagePart(Digest digest, long sizeBytes, String mediaType, Role role, String platform, boolean foreign) {
    /** What the blob is to the image. */
    public enum Role {
        INDEX,
        MANIFEST,
        CONFIG,
        LAYER;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
