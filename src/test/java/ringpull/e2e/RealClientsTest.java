package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.demo.Containerd;
import ringpull.demo.CountingRegistry;
import ringpull.demo.Programs;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

/** The real clients take the sample image from the counting registry, unpack included: the harness itself works. */
class RealClientsTest {
    private static final ImageName NAME = ImageName.parse("registry.demo.test/team/sample:v1");
    private static final URI NOBODY = URI.create("http://127.0.0.1:9");

    @TempDir
    Path temp;

    private SampleImage image;
    private CountingRegistry registry;

    @BeforeEach
    void start() throws IOException {
        List<Layer> layers = List.of(
                new Layer(20_000_000, Compression.GZIP),
                new Layer(3_000_000, Compression.ZSTD),
                new Layer(1_000_001, Compression.NONE),
                new Layer(10, Compression.ZSTD));
        String other = SampleImage.hostArchitecture().equals("amd64") ? "arm64" : "amd64";
        image = SampleImage.write(
                temp.resolve("image"), "v1", 7, layers, List.of(SampleImage.hostArchitecture(), other));
        registry = CountingRegistry.start();
        registry.add("team/sample", "v1", image);
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    @Test
    @NeedsRoot
    @NeedsPrograms({"containerd", "ctr"})
    void ctrPullsAndUnpacks() throws IOException, InterruptedException {
        try (Containerd containerd = Containerd.start(temp.resolve("c"))) {
            containerd.direct("registry.demo.test", registry.endpoint());

            containerd.pull(NAME);

            assertThat(containerd.verifiedContent().keySet()).isEqualTo(contentOfThisPlatform());
            assertThat(registry.bytesSent())
                    .isEqualTo(image.bytesOf(image.platforms().getFirst()));
        }
    }

    @Test
    @NeedsRoot
    @NeedsPrograms({"containerd", "ctr"})
    void ctrGoesToTheOriginWhenTheMirrorIsDown() throws IOException, InterruptedException {
        try (Containerd containerd = Containerd.start(temp.resolve("c"))) {
            containerd.mirror("registry.demo.test", NOBODY, registry.endpoint());

            containerd.pull(NAME);

            assertThat(containerd.verifiedContent().keySet()).isEqualTo(contentOfThisPlatform());
        }
    }

    @Test
    @NeedsRoot
    @NeedsPrograms({"containerd", "ctr"})
    void ctrPrefersTheMirror() throws IOException, InterruptedException {
        try (Containerd containerd = Containerd.start(temp.resolve("c"))) {
            containerd.mirror("registry.demo.test", registry.endpoint(), NOBODY);

            containerd.pull(NAME);

            assertThat(containerd.verifiedContent().keySet()).isEqualTo(contentOfThisPlatform());
        }
    }

    @Test
    @NeedsRoot
    @NeedsPrograms({"containerd", "ctr"})
    void criPullsThroughTheHostsDirectory() throws IOException, InterruptedException {
        try (Containerd containerd = Containerd.start(temp.resolve("c"), true);
                CriClient cri = new CriClient(containerd.socket())) {
            containerd.mirror("registry.demo.test", registry.endpoint(), NOBODY);

            String ref = cri.pull(NAME, Duration.ofMinutes(2));

            SampleImage.Platform platform = image.platforms().getFirst();
            assertThat(ref).isEqualTo(platform.config().digest().toString());
            assertThat(containerd.verifiedContent().keySet()).isEqualTo(contentOfThisPlatform());
        }
    }

    @Test
    @NeedsRoot
    @NeedsPrograms({"containerd", "ctr"})
    void nothingIsLeftBehind() throws IOException, InterruptedException {
        Path directory = temp.resolve("c");
        Containerd containerd = Containerd.start(directory);
        containerd.direct("registry.demo.test", registry.endpoint());
        containerd.pull(NAME);
        containerd.close();

        assertThat(ProcessHandle.of(containerd.pid())).isEmpty();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(directory.toString());
    }

    @Test
    @NeedsPrograms("skopeo")
    void skopeoCopiesThroughTheMirror() throws IOException, InterruptedException {
        Path copy = temp.resolve("copy");
        ImageName name = ImageName.parse("registry.demo.test/team/sample:v1");
        registry.add("registry.demo.test/team/sample", "v1", image);

        Programs.Outcome outcome = new Skopeo(temp).copyThroughMirror(name, registry.endpoint(), NOBODY, copy);

        assertThat(outcome.exit()).as(outcome.output()).isZero();
        assertThat(registry.requests())
                .filteredOn(request -> request.status() == 200)
                .extracting(CountingRegistry.Request::path)
                .contains("/v2/registry.demo.test/team/sample/manifests/v1");
        long blobs = image.platforms().getFirst().blobs().stream()
                .mapToLong(SampleImage.Blob::bytes)
                .sum();
        assertThat(registry.bytesSent(ContentKind.BLOB)).isEqualTo(blobs);
    }

    private Set<Digest> contentOfThisPlatform() {
        return image.contentOf(image.platforms().getFirst()).stream()
                .map(SampleImage.Blob::digest)
                .collect(Collectors.toSet());
    }
}
