package ringpull.mirror;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import ringpull.blob.BlobFile;

/**
 * The exact media type of a manifest: clients fail on {@code application/octet-stream}. What an origin said counts if it
 * is a manifest's type; else what the manifest says of itself; else its shape.
 */
final class ManifestType {
    /** Clients refuse larger manifests. */
    static final int MANIFEST_BYTES_MAX = 4 << 20;

    private static final int NESTING_MAX = 64;
    private static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    private static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String DOCKER_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    private static final Set<String> KNOWN = Set.of(
            OCI_INDEX,
            OCI_MANIFEST,
            DOCKER_SCHEMA_1,
            "application/vnd.oci.artifact.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.distribution.manifest.list.v2+json");

    private static final Pattern MEDIA_TYPE =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}");

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(NESTING_MAX)
                    .maxDocumentLength(MANIFEST_BYTES_MAX)
                    .build())
            .build();

    private ManifestType() {}

    /** Whether this text may stand in a Content-Type header. */
    static boolean isMediaType(String text) {
        return MEDIA_TYPE.matcher(text).matches();
    }

    /** Whether this is a manifest's type, so that its bytes need not be asked. */
    static boolean isExact(String stated) {
        return KNOWN.contains(stated);
    }

    /** The type of a whole, proven manifest; empty if the bytes are none. */
    static Optional<String> of(BlobFile file) throws IOException {
        if (file.sizeBytes() > MANIFEST_BYTES_MAX) {
            return Optional.empty();
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) file.sizeBytes());
        while (bytes.hasRemaining()) {
            if (file.channel().read(bytes, bytes.position()) <= 0) {
                throw new IOException("the file of " + file.digest() + " ends at byte " + bytes.position());
            }
        }
        return of(bytes.array());
    }

    static Optional<String> of(byte[] manifest) {
        boolean manifests = false;
        boolean config = false;
        boolean layers = false;
        boolean fsLayers = false;
        try (JsonParser json = JSON.createParser(manifest)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                return Optional.empty();
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String field = json.currentName();
                JsonToken value = json.nextToken();
                if (field.equals("mediaType") && value == JsonToken.VALUE_STRING && isMediaType(json.getText())) {
                    return Optional.of(json.getText());
                }
                manifests |= field.equals("manifests") && value == JsonToken.START_ARRAY;
                config |= field.equals("config") && value == JsonToken.START_OBJECT;
                layers |= field.equals("layers") && value == JsonToken.START_ARRAY;
                fsLayers |= field.equals("fsLayers") && value == JsonToken.START_ARRAY;
                json.skipChildren();
            }
        } catch (IOException e) {
            return Optional.empty(); // not JSON, or nested beyond reason: not a manifest
        }
        if (manifests) {
            return Optional.of(OCI_INDEX);
        }
        if (config && layers) {
            return Optional.of(OCI_MANIFEST);
        }
        return fsLayers ? Optional.of(DOCKER_SCHEMA_1) : Optional.empty();
    }
}
