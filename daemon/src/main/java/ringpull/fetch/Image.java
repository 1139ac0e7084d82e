package ringpull.fetch;

import java.util.List;
import java.util.Optional;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;

/**
 * What an image consists of, for the platforms that were asked for.
 *
 * @param root what its tag means: an index or a manifest
 * @param earlier present if the registry could not be asked, and what it said before stands in
 * @param parts each blob once: index, manifests, configs, layers
 */
public record Image(ImageName name, Digest root, Optional<Tags.Earlier> earlier, List<ImagePart> parts) {
    public Image {
        parts = List.copyOf(parts);
    }
}
