package ringpull.control;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ringpull.blob.Digest;

/** Makes small images: bytes and the JSON around them. */
public final class TestImages {
    private TestImages() {}

    public static Digest digest(byte[] bytes) {
        try {
            return Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** The same bytes for the same seed. */
    public static byte[] bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    public static String descriptor(Digest digest, long sizeBytes, String more) {
        return "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"" + digest + "\",\"size\":"
                + sizeBytes + more + "}";
    }

    public static byte[] manifest(String config, List<String> layers) {
        return ("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":" + config
                        + ",\"layers\":[" + String.join(",", layers) + "],\"annotations\":{\"any\":\"thing\"}}")
                .getBytes(StandardCharsets.UTF_8);
    }

    /** A manifest of this config and these layers. */
    public static byte[] manifest(byte[] config, byte[]... layers) {
        return manifest(
                descriptor(digest(config), config.length, ""),
                Stream.of(layers)
                        .map(layer -> descriptor(digest(layer), layer.length, ""))
                        .toList());
    }

    /** An index; each entry is a platform ({@code linux/arm64}; empty: none) and a manifest. */
    public static byte[] index(List<Entry> entries) {
        return ("{\"schemaVersion\":2,\"manifests\":["
                        + entries.stream().map(Entry::json).collect(Collectors.joining(",")) + "]}")
                .getBytes(StandardCharsets.UTF_8);
    }

    /** One image of an index. */
    public record Entry(String platform, Digest digest, long sizeBytes) {
        public static Entry of(String platform, byte[] manifest) {
            return new Entry(platform, TestImages.digest(manifest), manifest.length);
        }

        private String json() {
            List<String> parts = List.of(platform.split("/", -1));
            String made = platform.isEmpty()
                    ? ""
                    : ",\"platform\":{\"os\":\"" + parts.getFirst() + "\",\"architecture\":\"" + parts.get(1) + "\""
                            + (parts.size() == 3 ? ",\"variant\":\"" + parts.get(2) + "\"" : "") + "}";
            return descriptor(digest, sizeBytes, made);
        }
    }
}
