package ringpull.fetch;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;

/**
 * Reads image manifests and indexes of OCI and Docker. The bytes are proven but whoever built the image is a stranger:
 * everything is bounded, and nothing that we do not need is kept.
 */
final class ManifestJson {
    /** The size that registries and containerd agree on. */
    static final int BYTES_MAX = 4 << 20;

    static final int LAYERS_MAX = 1024;
    static final int MANIFESTS_MAX = 256;
    private static final int MEDIA_TYPE_MAX = 255;

    private static final int NESTING_MAX = 32;
    private static final int TOKENS_MAX = 500_000;
    private static final int STRING_MAX = 256 << 10;
    private static final int NAME_MAX = 1024;
    private static final int NUMBER_MAX = 32;

    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxDocumentLength(BYTES_MAX)
                            .maxNestingDepth(NESTING_MAX)
                            .maxTokenCount(TOKENS_MAX)
                            .maxStringLength(STRING_MAX)
                            .maxNameLength(NAME_MAX)
                            .maxNumberLength(NUMBER_MAX)
                            .build())
                    .build())
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false)
            .configure(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, true)
            .configure(DeserializationFeature.ACCEPT_FLOAT_AS_INT, false);

    private ManifestJson() {}

    /** What the document turned out to be. */
    sealed interface Parsed {
        record Index(List<Child> manifests) implements Parsed {}

        record Manifest(ImagePart config, List<ImagePart> layers) implements Parsed {}
    }

    /** @param platform null if the index does not say */
    record Child(
            Digest digest,
            long sizeBytes,
            String mediaType,
            @Nullable Platform platform) {}

    private record Document(
            @JsonProperty("schemaVersion") int schemaVersion,
            @JsonProperty("manifests") @Nullable List<@Nullable Descriptor> manifests,
            @JsonProperty("config") @Nullable Descriptor config,
            @JsonProperty("layers") @Nullable List<@Nullable Descriptor> layers) {}

    private record Descriptor(
            @JsonProperty("mediaType") @Nullable String mediaType,
            @JsonProperty("digest") @Nullable String digest,
            @JsonProperty("size") @Nullable Long size,
            @JsonProperty("urls") @Nullable List<@Nullable String> urls,
            @JsonProperty("platform") @Nullable PlatformJson platform) {}

    private record PlatformJson(
            @JsonProperty("os") @Nullable String os,
            @JsonProperty("architecture") @Nullable String architecture,
            @JsonProperty("variant") @Nullable String variant) {}

    /**
     * Parses the bytes of a manifest or an index.
     *
     * @param platform noted on the parts of a manifest; may be empty
     * @throws ImageFailed {@code malformed}, naming the blob and what is wrong with it
     */
    static Parsed parse(Digest digest, ByteBuffer json, String platform) throws ImageFailed {
        Document document;
        try {
            document = MAPPER.readValue(json.array(), json.arrayOffset(), json.limit(), Document.class);
        } catch (JsonProcessingException e) {
            throw malformed(digest, "it is not JSON of the expected form: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw malformed(digest, e.toString());
        }
        if (document == null) {
            throw malformed(digest, "it is empty");
        }
        if (document.schemaVersion == 1) {
            throw malformed(digest, "schema version 1 of Docker is too old; push the image again with a current tool");
        }
        if (document.manifests != null && (document.layers != null || document.config != null)) {
            // Two readers could see two different images in it.
            throw malformed(digest, "it claims to be an index and a manifest at once");
        }
        if (document.manifests != null) {
            return index(digest, document.manifests);
        }
        if (document.config == null || document.layers == null) {
            throw malformed(digest, "it has neither manifests nor config and layers");
        }
        return manifest(digest, document.config, document.layers, platform);
    }

    private static Parsed index(Digest digest, List<@Nullable Descriptor> manifests) throws ImageFailed {
        if (manifests.size() > MANIFESTS_MAX) {
            throw malformed(digest, manifests.size() + " manifests are more than " + MANIFESTS_MAX);
        }
        List<Child> children = new ArrayList<>();
        for (Descriptor descriptor : manifests) {
            ImagePart part = part(digest, descriptor, ImagePart.Role.MANIFEST, "");
            PlatformJson platform = descriptor == null ? null : descriptor.platform;
            if (part.sizeBytes() > BYTES_MAX) {
                throw malformed(
                        digest, part.digest() + " has " + part.sizeBytes() + " bytes: more than a manifest may");
            }
            children.add(new Child(part.digest(), part.sizeBytes(), part.mediaType(), platformOf(platform)));
        }
        return new Parsed.Index(children);
    }

    private static @Nullable Platform platformOf(@Nullable PlatformJson json) {
        if (json == null || json.os == null || json.architecture == null) {
            return null;
        }
        String variant = json.variant == null ? "" : json.variant;
        try {
            return Platform.parse(json.os + "/" + json.architecture + (variant.isEmpty() ? "" : "/" + variant));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static Parsed manifest(Digest digest, Descriptor config, List<@Nullable Descriptor> layers, String platform)
            throws ImageFailed {
        if (layers.size() > LAYERS_MAX) {
            throw malformed(digest, layers.size() + " layers are more than " + LAYERS_MAX);
        }
        List<ImagePart> parts = new ArrayList<>();
        for (Descriptor layer : layers) {
            parts.add(part(digest, layer, ImagePart.Role.LAYER, platform));
        }
        return new Parsed.Manifest(part(digest, config, ImagePart.Role.CONFIG, platform), parts);
    }

    private static ImagePart part(Digest parent, @Nullable Descriptor descriptor, ImagePart.Role role, String platform)
            throws ImageFailed {
        if (descriptor == null || descriptor.digest == null || descriptor.size == null) {
            throw malformed(parent, "a " + role + " lacks its digest or size");
        }
        Digest digest = Digest.tryParse(descriptor.digest)
                .orElseThrow(() -> malformed(
                        parent, "a " + role + " has a digest that is not sha256: " + brief(descriptor.digest)));
        long size = descriptor.size;
        if (size < 0 || size > Chunk.BLOB_BYTES_MAX) {
            throw malformed(parent, digest + " has an impossible size: " + size + " bytes");
        }
        String mediaType = descriptor.mediaType == null ? "" : descriptor.mediaType;
        if (mediaType.length() > MEDIA_TYPE_MAX) {
            throw malformed(parent, digest + " has a media type of " + mediaType.length() + " characters");
        }
        boolean foreign = descriptor.urls != null && !descriptor.urls.isEmpty();
        return new ImagePart(digest, size, mediaType, role, platform, foreign);
    }

    private static String brief(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }

    private static ImageFailed malformed(Digest digest, String what) {
        return new ImageFailed("malformed", "the manifest " + digest + " cannot be used: " + what);
    }
}
