package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ManifestTypeTest {
    static Stream<Arguments> manifests() {
        String docker = "application/vnd.docker.distribution.manifest.v2+json";
        return Stream.of(
                Arguments.of("{\"schemaVersion\":2,\"manifests\":[]}", Content.OCI_INDEX),
                Arguments.of("{\"layers\":[{\"mediaType\":\"x/y\"}],\"config\":{}}", Content.OCI_MANIFEST),
                Arguments.of("{\"config\":{\"mediaType\":\"x/y\"},\"mediaType\":\"" + docker + "\"}", docker),
                Arguments.of(
                        "{\"schemaVersion\":1,\"fsLayers\":[]}",
                        "application/vnd.docker.distribution.manifest.v1+prettyjws"));
    }

    @ParameterizedTest
    @MethodSource("manifests")
    void aManifestSaysWhatItIs(String json, String type) {
        assertThat(ManifestType.of(bytes(json))).contains(type);
    }

    static Stream<String> others() {
        return Stream.of(
                "",
                "[]",
                "{}",
                "{\"layers\":[]}",
                "{\"mediaType\":\"a/b\\r\\nX: y\"}",
                "{\"mediaType\":7}",
                "{\"manifests\":[",
                "\u001f\u008b\b\u0000",
                "{\"a\":" + "[".repeat(100_000));
    }

    @ParameterizedTest
    @MethodSource("others")
    void otherBytesAreNoManifest(String text) {
        assertThat(ManifestType.of(bytes(text))).isEqualTo(Optional.empty());
    }

    @Test
    void onlyManifestTypesAreTakenAsStated() {
        assertThat(ManifestType.isExact(Content.OCI_INDEX)).isTrue();
        assertThat(ManifestType.isExact("application/octet-stream")).isFalse();
        assertThat(ManifestType.isExact("application/json")).isFalse();
        assertThat(ManifestType.isExact("")).isFalse();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
