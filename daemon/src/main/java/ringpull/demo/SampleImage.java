package ringpull.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import ringpull.blob.Digest;

/**
 * An OCI image of pseudo-random files, as an OCI layout on disk. The same layers and seed make the same digests on every
 * machine, and containerd can unpack it. Immutable once written.
 */
public final class SampleImage {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String INDEX = "application/vnd.oci.image.index.v1+json";
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String CONFIG = "application/vnd.oci.image.config.v1+json";
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

    /** How a layer's archive is wrapped. */
    public enum Compression {
        NONE(""),
        GZIP("+gzip"),
        ZSTD("+zstd");

        private final String suffix;

        Compression(String suffix) {
            this.suffix = suffix;
        }
    }

    /**
     * A layer to make.
     *
     * @param bytes length of the blob; the result is at most a few bytes shorter, or as short as the format can be
     */
    public record Layer(long bytes, Compression compression) {
        public Layer {
            if (bytes < 0) {
                throw new IllegalArgumentException("a layer has no negative length: " + bytes);
            }
        }
    }

    /** A blob or manifest in the layout. */
    public record Blob(Digest digest, long bytes, String mediaType, Path file) {}

    /** What one platform of the image consists of. */
    public record Platform(String architecture, Blob manifest, Blob config, List<Blob> layers) {
        public Platform {
            layers = List.copyOf(layers);
        }

        /** Config and layers. */
        public List<Blob> blobs() {
            return Stream.concat(Stream.of(config), layers.stream()).toList();
        }
    }

    private final Path layout;
    private final Blob index;
    private final List<Platform> platforms;

    private SampleImage(Path layout, Blob index, List<Platform> platforms) {
        this.layout = layout;
        this.index = index;
        this.platforms = List.copyOf(platforms);
    }

    /** An image for this host's platform. */
    public static SampleImage write(Path layout, String tag, long seed, List<Layer> layers) throws IOException {
        return write(layout, tag, seed, layers, List.of(hostArchitecture()));
    }

    /**
     * Writes an image into a new or empty directory.
     *
     * @param tag under which the layout lists the image ({@code oci:<layout>:<tag>})
     * @param layers of every platform; their bytes differ between platforms
     * @param architectures one platform each, as OCI spells them ({@code amd64}, {@code arm64})
     */
    public static SampleImage write(Path layout, String tag, long seed, List<Layer> layers, List<String> architectures)
            throws IOException {
        Files.createDirectories(layout.resolve("blobs/sha256"));
        List<Platform> platforms = new ArrayList<>();
        for (String architecture : architectures) {
            platforms.add(platform(layout, architecture, seed + platforms.size() * 1_000_003L, layers));
        }
        List<Map<String, Object>> manifests = platforms.stream()
                .map(platform -> descriptor(
                        platform.manifest(),
                        "platform",
                        Map.of("architecture", platform.architecture(), "os", "linux")))
                .toList();
        Blob index = json(layout, INDEX, document("mediaType", INDEX, "manifests", manifests));
        Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        Map<String, Object> entry = descriptor(index, "annotations", Map.of("org.opencontainers.image.ref.name", tag));
        JSON.writeValue(layout.resolve("index.json").toFile(), document("manifests", List.of(entry)));
        return new SampleImage(layout, index, platforms);
    }

    private static Platform platform(Path layout, String architecture, long seed, List<Layer> layers)
            throws IOException {
        List<Blob> blobs = new ArrayList<>();
        List<String> diffIds = new ArrayList<>();
        for (Layer layer : layers) {
            Path file = layout.resolve("blobs/sha256/unfinished");
            LayerFile written = LayerFile.write(file, layer, "layer-" + blobs.size(), seed + blobs.size());
            blobs.add(new Blob(
                    written.digest(),
                    written.bytes(),
                    LAYER + layer.compression().suffix,
                    moveToDigest(file, written.digest())));
            diffIds.add(written.diffId().toString());
        }
        Blob config = json(
                layout,
                CONFIG,
                ordered(
                        "created",
                        "2026-01-01T00:00:00Z",
                        "architecture",
                        architecture,
                        "os",
                        "linux",
                        "config",
                        Map.of(),
                        "rootfs",
                        ordered("type", "layers", "diff_ids", diffIds)));
        Blob manifest = json(
                layout,
                MANIFEST,
                document(
                        "mediaType", MANIFEST,
                        "config", descriptor(config),
                        "layers", blobs.stream().map(blob -> descriptor(blob)).toList()));
        return new Platform(architecture, manifest, config, blobs);
    }

    private static Blob json(Path layout, String mediaType, Map<String, Object> content) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(content);
        Digest digest = Digest.ofBytes(LayerFile.sha256().digest(bytes));
        Path file = Files.write(layout.resolve("blobs/sha256/unfinished"), bytes);
        return new Blob(digest, bytes.length, mediaType, moveToDigest(file, digest));
    }

    private static Path moveToDigest(Path file, Digest digest) throws IOException {
        return Files.move(file, file.resolveSibling(digest.hex()), StandardCopyOption.REPLACE_EXISTING);
    }

    private static Map<String, Object> descriptor(Blob blob, Object... more) {
        Map<String, Object> map =
                ordered("mediaType", blob.mediaType(), "digest", blob.digest().toString(), "size", blob.bytes());
        map.putAll(ordered(more));
        return map;
    }

    private static Map<String, Object> document(Object... fields) {
        Map<String, Object> map = ordered("schemaVersion", 2);
        map.putAll(ordered(fields));
        return map;
    }

    /** Keys in the order given: the same fields must always make the same digest. */
    private static Map<String, Object> ordered(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }

    /** This machine's architecture as OCI spells it. */
    public static String hostArchitecture() {
        String name = System.getProperty("os.arch", "");
        return name.equals("aarch64") ? "arm64" : name;
    }

    /** The OCI layout directory. */
    public Path layout() {
        return layout;
    }

    /** What the image's tag names: an index of all platforms. */
    public Blob index() {
        return index;
    }

    /** In the order of the index. */
    public List<Platform> platforms() {
        return platforms;
    }

    /** The index and one manifest a platform. */
    public List<Blob> manifests() {
        return Stream.concat(Stream.of(index), platforms.stream().map(Platform::manifest))
                .toList();
    }

    /** Configs and layers of all platforms. */
    public List<Blob> blobs() {
        return platforms.stream().flatMap(platform -> platform.blobs().stream()).toList();
    }

    /** What a client that wants the platform fetches: index, manifest, config and layers; each digest once. */
    public List<Blob> contentOf(Platform platform) {
        return Stream.of(List.of(index, platform.manifest()), platform.blobs())
                .flatMap(List::stream)
                .distinct()
                .toList();
    }

    /** Bytes of {@link #contentOf}. */
    public long bytesOf(Platform platform) {
        return contentOf(platform).stream().mapToLong(Blob::bytes).sum();
    }
}
