package ringpull.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringpull.blob.Digest;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

class SampleImageTest {
    private static final List<Layer> LAYERS = List.of(
            new Layer(3_000_000, Compression.GZIP),
            new Layer(10, Compression.ZSTD),
            new Layer(200_000, Compression.ZSTD),
            new Layer(70_001, Compression.NONE));

    @TempDir
    Path temp;

    @Test
    void everyFileIsWhatItsNameSays() throws IOException {
        SampleImage image = SampleImage.write(temp, "v1", 7, LAYERS, List.of("amd64", "arm64"));

        assertThat(image.manifests()).hasSize(3);
        assertThat(image.blobs()).hasSize(10);
        for (SampleImage.Blob blob :
                List.of(image.index(), image.blobs().get(1), image.blobs().get(6))) {
            assertThat(hash(Files.newInputStream(blob.file()))).isEqualTo(blob.digest());
            assertThat(Files.size(blob.file())).isEqualTo(blob.bytes());
        }
    }

    @Test
    void theSameSeedMakesTheSameImage() throws IOException {
        SampleImage one = SampleImage.write(temp.resolve("1"), "v1", 7, LAYERS);
        SampleImage two = SampleImage.write(temp.resolve("2"), "v1", 7, LAYERS);
        SampleImage other = SampleImage.write(temp.resolve("3"), "v1", 8, LAYERS);

        assertThat(two.index().digest()).isEqualTo(one.index().digest());
        assertThat(other.index().digest()).isNotEqualTo(one.index().digest());
    }

    @Test
    void platformsShareNoLayerWithContent() throws IOException {
        SampleImage image = SampleImage.write(temp, "v1", 7, LAYERS, List.of("amd64", "arm64"));

        Digest first = image.platforms().get(0).layers().getFirst().digest();
        assertThat(image.platforms().get(1).layers())
                .noneMatch(layer -> layer.digest().equals(first));
    }

    @ParameterizedTest
    @CsvSource({
        "NONE, 1536",
        "NONE, 70001",
        "GZIP, 2000",
        "GZIP, 65535",
        "GZIP, 300000",
        "ZSTD, 1600",
        "ZSTD, 131072",
        "ZSTD, 131090",
        "ZSTD, 1000000"
    })
    void aLayerIsAsLongAsAskedForOrAFewBytesShorter(Compression compression, long bytes) throws IOException {
        LayerFile layer = LayerFile.write(temp.resolve("layer"), new Layer(bytes, compression), "file", 1);

        assertThat(Files.size(temp.resolve("layer"))).isEqualTo(layer.bytes());
        assertThat(layer.bytes()).isBetween(bytes - 5, bytes);
    }

    @ParameterizedTest
    @CsvSource({"NONE, 1024", "GZIP, 23", "ZSTD, 10"})
    void theShortestLayers(Compression compression, long bytes) throws IOException {
        LayerFile layer = LayerFile.write(temp.resolve("layer"), new Layer(10, compression), "file", 1);

        assertThat(Files.size(temp.resolve("layer"))).isEqualTo(bytes);
        assertThat(layer.bytes()).isEqualTo(bytes);
    }

    @Test
    void gzipHoldsTheArchiveThatTheConfigNames() throws IOException {
        SampleImage image = SampleImage.write(temp, "v1", 7, LAYERS);
        SampleImage.Platform platform = image.platforms().getFirst();
        JsonNode config = new ObjectMapper().readTree(platform.config().file().toFile());

        Path gzip = platform.layers().getFirst().file();
        assertThat(hash(new GZIPInputStream(Files.newInputStream(gzip))))
                .hasToString(config.at("/rootfs/diff_ids/0").asText());
        Path plain = platform.layers().get(3).file();
        assertThat(hash(Files.newInputStream(plain)))
                .hasToString(config.at("/rootfs/diff_ids/3").asText());
    }

    private static Digest hash(InputStream content) throws IOException {
        try (content) {
            return Digest.ofBytes(LayerFile.sha256().digest(content.readAllBytes()));
        }
    }
}
