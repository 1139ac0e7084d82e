package ringpull.fetch;

import java.util.List;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;

/**
 * What an image consists of, for the platforms that were asked for.
 *
 * @param root what its tag means: an index or a manifest
 * @param stale whether the registry could not be asked and an earlier answer of it stands in
 * @param parts each blob once: index, manifests, configs, layers
 */
public record Image(ImageName name, Digest root, boolean stale, List<ImagePart> parts) {
    public Image {
        parts = List.copyOf(parts);
    }
}
