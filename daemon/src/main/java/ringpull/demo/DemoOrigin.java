package ringpull.demo;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

/**
 * Where the demonstration's image comes from.
 *
 * @param endpoint of the registry, for clients
 * @param registries for the daemons' configuration
 * @param counter the embedded registry; empty for a real one
 * @param expected what a client must have in the end; empty if nobody knows before the pull
 */
record DemoOrigin(
        ImageName image,
        URI endpoint,
        List<NodeConfig.Registry> registries,
        Optional<CountingRegistry> counter,
        Optional<Set<Digest>> expected) {
    private static final ImageName SAMPLE = ImageName.parse("registry.demo.test/ringpull/sample:v1");
    private static final long SEED = 1;
    private static final long SMALL_LAYER = 4096;

    /** A sample image of about this many bytes, and a registry that serves and counts it. */
    static DemoOrigin sample(Path layout, long bytes, Cleanup cleanup) throws IOException {
        List<Layer> layers = List.of(
                new Layer(bytes / 2, Compression.GZIP),
                new Layer(bytes / 4, Compression.ZSTD),
                new Layer(bytes / 4, Compression.NONE),
                new Layer(SMALL_LAYER, Compression.GZIP));
        SampleImage image = SampleImage.write(layout, SAMPLE.reference(), SEED, layers);
        CountingRegistry registry = CountingRegistry.start();
        cleanup.add(registry::close);
        registry.add(SAMPLE.repository().path(), SAMPLE.reference(), image);
        Set<Digest> expected = image.contentOf(image.platforms().getFirst()).stream()
                .map(SampleImage.Blob::digest)
                .collect(Collectors.toSet());
        return new DemoOrigin(
                SAMPLE,
                registry.endpoint(),
                List.of(NodeConfig.Registry.open(SAMPLE.repository().registry(), registry.endpoint())),
                Optional.of(registry),
                Optional.of(expected));
    }

    /** An image of a registry that asks for no credentials of ours. */
    static DemoOrigin real(ImageName image) {
        String registry = image.repository().registry();
        String host = registry.equals("docker.io") ? "registry-1.docker.io" : registry;
        return new DemoOrigin(image, URI.create("https://" + host), List.of(), Optional.empty(), Optional.empty());
    }
}
