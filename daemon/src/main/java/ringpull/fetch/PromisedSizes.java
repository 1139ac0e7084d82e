package ringpull.fetch;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.swarm.Answers;

/**
 * Which configs and layers are small, as the manifests that passed through here say. Whoever built an image may say what is
 * not so: who acts on it looks. For any thread.
 */
final class PromisedSizes {
    private static final int BLOBS_MAX = 8_192;
    private static final int MANIFESTS_MAX = 1_024;

    private final Map<Digest, Boolean> small = recent(BLOBS_MAX);
    private final Map<Digest, Boolean> read = recent(MANIFESTS_MAX);

    private static Map<Digest, Boolean> recent(int most) {
        return new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Digest, Boolean> eldest) {
                return size() > most;
            }
        };
    }

    synchronized boolean isSmall(Digest digest) {
        return small.containsKey(digest);
    }

    /** Reads a manifest or index that is proven, once. What is none says nothing. */
    void learn(BlobFile manifest) throws IOException {
        synchronized (this) {
            if (manifest.sizeBytes() > ManifestJson.BYTES_MAX || read.put(manifest.digest(), Boolean.TRUE) != null) {
                return;
            }
        }
        try {
            if (ManifestJson.parse(manifest.digest(), ByteBuffer.wrap(manifest.read()), "")
                    instanceof ManifestJson.Parsed.Manifest(ImagePart config, var layers)) {
                learn(Stream.concat(Stream.of(config), layers.stream()));
            }
        } catch (ImageFailed | EOFException e) {
            return; // not for this node to judge: the client does
        }
    }

    private synchronized void learn(Stream<ImagePart> parts) {
        parts.filter(part -> part.sizeBytes() <= Answers.SMALL_BYTES)
                .forEach(part -> small.put(part.digest(), Boolean.TRUE));
    }
}
