package ringpull.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ContentKind;
import ringpull.blob.ImageName;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;
import ringpull.transport.Await;

class CountingRegistryTest {
    private static final ImageName NAME = ImageName.parse("registry.demo.test/team/sample:v1");

    @TempDir
    Path temp;

    private final HttpClient http = HttpClient.newHttpClient();
    private SampleImage image;
    private CountingRegistry registry;

    @BeforeEach
    void start() throws IOException {
        List<Layer> layers = List.of(new Layer(2_000_000, Compression.GZIP), new Layer(10, Compression.ZSTD));
        image = SampleImage.write(temp, "v1", 7, layers);
        registry = CountingRegistry.start();
        registry.add("team/sample", "v1", image);
    }

    @AfterEach
    void stop() {
        registry.close();
        http.close();
    }

    @Test
    void headOfATagTellsDigestTypeAndLengthAndSendsNothing() throws IOException, InterruptedException {
        HttpResponse<byte[]> answer = send("HEAD", "/v2/team/sample/manifests/v1", "");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(header(answer, "Docker-Content-Digest"))
                .isEqualTo(image.index().digest().toString());
        assertThat(header(answer, "Content-Length"))
                .isEqualTo(Long.toString(image.index().bytes()));
        assertThat(header(answer, "Content-Type")).isEqualTo(image.index().mediaType());
        assertThat(registry.bytesSent()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=0-, 0, 0",
        "bytes=1000-1999, 1000, 2000",
        "bytes=1900000-99999999, 1900000, 0",
        "bytes=-10, -10, 0"
    })
    void rangesAreServedAndCounted(String range, int from, int to) throws IOException, InterruptedException {
        SampleImage.Blob layer = layer();
        int size = (int) layer.bytes();
        int first = from < 0 ? size + from : from;
        int end = to == 0 ? size : to;

        HttpResponse<byte[]> answer = send("GET", "/v2/team/sample/blobs/" + layer.digest(), range);

        assertThat(answer.statusCode()).isEqualTo(206);
        assertThat(answer.body()).isEqualTo(Arrays.copyOfRange(Files.readAllBytes(layer.file()), first, end));
        assertThat(header(answer, "Content-Range")).isEqualTo("bytes " + first + "-" + (end - 1) + "/" + size);
        Await.until("counted", () -> registry.bytesSent(layer.digest()) == end - first);
        assertThat(registry.bytesSent(ContentKind.BLOB)).isEqualTo(end - first);
        assertThat(registry.bytesSent(ContentKind.MANIFEST)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes=9999999-", "bytes=20-10", "bytes=-0"})
    void aRangePastTheEndIsRefused(String range) throws IOException, InterruptedException {
        HttpResponse<byte[]> answer = send("GET", "/v2/team/sample/blobs/" + layer().digest(), range);

        assertThat(answer.statusCode()).isEqualTo(416);
        assertThat(registry.bytesSent()).isZero();
    }

    @Test
    void whatItDoesNotHaveIs404AndWritingIsUnsupported() throws IOException, InterruptedException {
        assertThat(send("GET", "/v2/", "").statusCode()).isEqualTo(200);
        assertThat(send("GET", "/v2/team/other/manifests/v1", "").statusCode()).isEqualTo(404);
        assertThat(send("DELETE", "/v2/team/sample/manifests/v1", "").statusCode())
                .isEqualTo(405);
    }

    @Test
    void theBuiltinClientProvesAllThatItPulls() throws IOException, InterruptedException {
        try (BuiltinClient client = new BuiltinClient(registry.endpoint())) {
            var pulled = client.pull(NAME);

            assertThat(pulled.keySet())
                    .containsExactlyElementsOf(image.contentOf(image.platforms().getFirst()).stream()
                            .map(SampleImage.Blob::digest)
                            .toList());
            assertThat(registry.bytesSent())
                    .isEqualTo(image.bytesOf(image.platforms().getFirst()))
                    .isEqualTo(
                            pulled.values().stream().mapToLong(Long::longValue).sum());
        }
    }

    @Test
    void theBuiltinClientNamesABlobThatIsNotWhatItsDigestSays() throws IOException, InterruptedException {
        byte[] bytes = Files.readAllBytes(layer().file());
        bytes[1_000_000] ^= 1;
        Files.write(layer().file(), bytes);

        try (BuiltinClient client = new BuiltinClient(registry.endpoint())) {
            assertThatThrownBy(() -> client.pull(NAME))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(layer().digest().toString());
        }
    }

    private SampleImage.Blob layer() {
        return image.platforms().getFirst().layers().getFirst();
    }

    private HttpResponse<byte[]> send(String method, String path, String range)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(registry.endpoint() + path))
                .method(method, HttpRequest.BodyPublishers.noBody());
        if (!range.isEmpty()) {
            request.header("Range", range);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static String header(HttpResponse<byte[]> answer, String name) {
        return answer.headers().firstValue(name).orElse("");
    }
}
