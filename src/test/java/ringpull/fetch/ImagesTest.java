package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.control.TestImages;
import ringpull.control.TestImages.Entry;
import ringpull.origin.OriginStream;

@Timeout(60)
class ImagesTest {
    private static final Optional<Platform> AMD64 = Optional.of(Platform.parse("linux/amd64"));
    private static final ImageName NAME = ImageName.parse("registry.example/team/image:tag");

    private static final Tags.Earlier EARLIER = new Tags.Earlier(Duration.ofHours(3), "n2", "it does not answer");

    @TempDir
    Path directory;

    private final Shelf shelf = new Shelf();
    private final Journal journal = new Journal(InstantSource.system());
    private final AtomicLong nanos = new AtomicLong();
    private final byte[] config = TestImages.bytes(20, 1);
    private final byte[] layer = TestImages.bytes(3000, 2);
    private final byte[] otherLayer = TestImages.bytes(4000, 3);

    private Tags.TagOutcome tag = new Tags.TagOutcome.Unresolved("not_found", "no such tag");

    private Images images() {
        return new Images(name -> tag, shelf, journal, nanos::get);
    }

    private Digest root(byte[] bytes) throws IOException {
        Digest digest = shelf.put(bytes);
        tag = new Tags.TagOutcome.Resolved(digest, "", bytes.length, Optional.empty());
        return digest;
    }

    @Test
    void imageIsItsManifestConfigAndLayersEachOnce() throws Exception {
        Digest root = root(TestImages.manifest(config, layer, otherLayer, layer));

        Image image = images().describe(NAME, AMD64);

        assertThat(image.root()).isEqualTo(root);
        assertThat(image.parts())
                .extracting(ImagePart::role)
                .containsExactly(
                        ImagePart.Role.MANIFEST, ImagePart.Role.CONFIG, ImagePart.Role.LAYER, ImagePart.Role.LAYER);
        assertThat(shelf.asked).as("layers are not fetched to describe").containsExactly(root);
    }

    @Test
    void onlyTheWantedPlatformOfAnIndexIsTaken() throws Exception {
        byte[] amd = TestImages.manifest(config, layer);
        byte[] arm = TestImages.manifest(config, otherLayer);
        shelf.put(amd);
        shelf.put(arm);
        root(TestImages.index(List.of(Entry.of("linux/arm64/v8", arm), Entry.of("linux/amd64", amd))));

        assertThat(layersOf(images().describe(NAME, AMD64))).containsExactly(TestImages.digest(layer));
        assertThat(layersOf(images().describe(NAME, Optional.of(Platform.parse("linux/arm64")))))
                .containsExactly(TestImages.digest(otherLayer));
        assertThat(layersOf(images().describe(NAME, Optional.empty())))
                .containsExactlyInAnyOrder(TestImages.digest(layer), TestImages.digest(otherLayer));
    }

    @Test
    void missingPlatformNamesThoseThatThereAre() throws Exception {
        byte[] arm = TestImages.manifest(config, otherLayer);
        root(TestImages.index(List.of(Entry.of("linux/arm64", arm), Entry.of("linux/riscv64", arm))));

        assertThatThrownBy(() -> images().describe(NAME, AMD64))
                .isInstanceOfSatisfying(
                        ImageFailed.class, e -> assertThat(e.notFound()).isTrue())
                .hasMessageContaining("linux/amd64")
                .hasMessageContaining("linux/arm64, linux/riscv64");
    }

    @Test
    void digestReferenceAsksForNoTag() throws Exception {
        Digest root = shelf.put(TestImages.manifest(config, layer));

        Image image = images().describe(ImageName.parse("registry.example/team/image@" + root), AMD64);

        assertThat(image.root()).isEqualTo(root);
    }

    static List<String> malformedManifests() {
        String digest = "sha256:" + "a".repeat(64);
        String fine = "{\"digest\":\"" + digest + "\",\"size\":1}";
        String nested = "[".repeat(100) + "]".repeat(100);
        String many = IntStream.range(0, 1025).mapToObj(i -> fine).collect(Collectors.joining(","));
        return List.of(
                "",
                "not json",
                "null",
                "[]",
                "{}",
                "{\"schemaVersion\":1,\"fsLayers\":[]}",
                "{\"config\":" + fine + "}",
                "{\"config\":" + fine + ",\"layers\":[null]}",
                "{\"config\":" + fine + ",\"layers\":[{\"digest\":\"sha512:00\",\"size\":1}]}",
                "{\"config\":" + fine + ",\"layers\":[{\"digest\":\"" + digest + "\",\"size\":-1}]}",
                "{\"config\":" + fine + ",\"layers\":[{\"digest\":\"" + digest + "\",\"size\":4398046511105}]}",
                "{\"config\":" + fine + ",\"layers\":[{\"digest\":\"" + digest
                        + "\",\"size\":99999999999999999999999999999999999999}]}",
                "{\"config\":" + fine + ",\"layers\":[{\"digest\":\"" + digest + "\",\"size\":1.5}]}",
                "{\"config\":" + fine + ",\"layers\":[{\"digest\":\"" + digest + "\"}]}",
                "{\"config\":" + fine + ",\"layers\":[{\"digest\":\"" + digest + "\",\"size\":2}]}",
                "{\"config\":" + fine + ",\"layers\":[" + many + "]}",
                "{\"config\":" + fine + ",\"layers\":[],\"manifests\":[]}",
                "{\"manifests\":[{\"digest\":\"" + digest + "\",\"size\":5000000}]}",
                "{\"config\":" + fine + ",\"layers\":[]} and more",
                "{\"annotations\":" + nested + ",\"config\":" + fine + ",\"layers\":[]}");
    }

    @ParameterizedTest
    @MethodSource("malformedManifests")
    void malformedManifestIsRefusedWithItsName(String json) throws Exception {
        Digest root = root(json.getBytes(StandardCharsets.UTF_8));

        assertThatThrownBy(() -> images().describe(NAME, AMD64))
                .isInstanceOfSatisfying(
                        ImageFailed.class, e -> assertThat(e.reason()).isEqualTo("malformed"))
                .hasMessageContaining(json.contains("\"size\":2}") ? "sha256:aaaa" : root.toString());
    }

    @Test
    void manifestOverTheLimitIsRefusedUnread() throws Exception {
        root(new byte[ManifestJson.BYTES_MAX + 1]);

        assertThatThrownBy(() -> images().describe(NAME, AMD64))
                .isInstanceOf(ImageFailed.class)
                .hasMessageContaining("more than a manifest may have");
    }

    @Test
    void indexesInsideIndexesEnd() throws Exception {
        byte[] inner = TestImages.manifest(config, layer);
        for (int i = 0; i < 6; i++) {
            shelf.put(inner);
            inner = TestImages.index(List.of(Entry.of("", inner)));
        }
        root(inner);

        assertThatThrownBy(() -> images().describe(NAME, Optional.empty()))
                .isInstanceOf(ImageFailed.class)
                .hasMessageContaining("too many indexes");
    }

    @Test
    void pullTellsOfEveryBlobHowItEndedAndSkipsForeignLayers() throws Exception {
        Digest here = shelf.put(config);
        Digest foreign = TestImages.digest(otherLayer);
        Digest missing = TestImages.digest(layer);
        root(TestImages.manifest(
                TestImages.descriptor(here, config.length, ""),
                List.of(
                        TestImages.descriptor(missing, layer.length, ""),
                        TestImages.descriptor(foreign, otherLayer.length, ",\"urls\":[\"https://far.example/x\"]"))));
        List<PartProgress> told = new CopyOnWriteArrayList<>();

        Images.Pulled pulled = images().pull(NAME, AMD64, told::add);

        assertThat(pulled.parts())
                .extracting(PartProgress::state)
                .containsExactly(
                        PartProgress.State.HERE,
                        PartProgress.State.HERE,
                        PartProgress.State.FAILED,
                        PartProgress.State.SKIPPED);
        assertThat(pulled.parts().get(2).note()).contains(missing.toString()).contains("nobody has it");
        assertThat(pulled.parts().get(3).note()).contains("foreign");
        assertThat(told).containsAll(pulled.parts());
        assertThat(shelf.asked).doesNotContain(foreign);
    }

    @Test
    void blobOfAnotherSizeThanTheManifestSaysFails() throws Exception {
        shelf.put(config);
        Digest shortLayer = shelf.put(layer);
        root(TestImages.manifest(
                TestImages.descriptor(TestImages.digest(config), config.length, ""),
                List.of(TestImages.descriptor(shortLayer, layer.length + 1, ""))));

        Images.Pulled pulled = images().pull(NAME, AMD64, progress -> {});

        assertThat(pulled.parts().getLast().state()).isEqualTo(PartProgress.State.FAILED);
        assertThat(pulled.parts().getLast().note()).contains("3001 bytes").contains("3000");
    }

    @Test
    void transferThatStandsStillIsGivenUpByTheClock() throws Exception {
        shelf.put(config);
        Digest stuck = TestImages.digest(layer);
        StuckFetch fetch = new StuckFetch(stuck, layer.length, nanos);
        shelf.scripted.put(stuck, new Delivery.Arriving(fetch));
        root(TestImages.manifest(config, layer));

        Images.Pulled pulled = images().pull(NAME, AMD64, progress -> {});

        assertThat(pulled.parts().getLast().state()).isEqualTo(PartProgress.State.FAILED);
        assertThat(pulled.parts().getLast().note()).contains("no byte for 120 s");
        assertThat(fetch.looks.get()).as("it was watched while it moved").isGreaterThan(StuckFetch.MOVES);
    }

    @Test
    void fullStoreFailsALayerButNotAManifest() throws Exception {
        byte[] manifest = TestImages.manifest(config, layer);
        shelf.put(config);
        Digest root = root(manifest);
        shelf.scripted.put(root, new Delivery.PassThrough(new ArrayStream(manifest)));
        shelf.scripted.put(TestImages.digest(layer), new Delivery.PassThrough(new ArrayStream(layer)));

        Images.Pulled pulled = images().pull(NAME, AMD64, progress -> {});

        assertThat(pulled.parts().getFirst().state()).isEqualTo(PartProgress.State.DONE);
        assertThat(pulled.parts().getLast().note()).contains("[store] quota");
    }

    @Test
    void manifestThatPassesTheStoreIsProvenAllTheSame() throws Exception {
        byte[] manifest = TestImages.manifest(config, layer);
        Digest root = root(manifest);
        byte[] flipped = manifest.clone();
        flipped[10] ^= 1;
        shelf.scripted.put(root, new Delivery.PassThrough(new ArrayStream(flipped)));

        assertThatThrownBy(() -> images().describe(NAME, AMD64))
                .isInstanceOfSatisfying(
                        ImageFailed.class, e -> assertThat(e.reason()).isEqualTo("origin_inconsistent"));
    }

    @Test
    void recordThatStandsInForTheOriginIsSaid() throws Exception {
        byte[] manifest = TestImages.manifest(config, layer);
        tag = new Tags.TagOutcome.Resolved(shelf.put(manifest), "", manifest.length, Optional.of(EARLIER));

        assertThat(images().describe(NAME, AMD64).earlier()).contains(EARLIER);
    }

    private static List<Digest> layersOf(Image image) {
        return image.parts().stream()
                .filter(part -> part.role() == ImagePart.Role.LAYER)
                .map(ImagePart::digest)
                .toList();
    }

    /** Has blobs as files, or what a test scripts instead. */
    private final class Shelf implements Blobs {
        final Map<Digest, Delivery> scripted = new ConcurrentHashMap<>();
        final List<Digest> asked = new CopyOnWriteArrayList<>();

        Digest put(byte[] bytes) throws IOException {
            Digest digest = TestImages.digest(bytes);
            Files.write(directory.resolve(digest.hex()), bytes);
            return digest;
        }

        @Override
        public Delivery deliver(BlobRequest request) {
            asked.add(request.digest());
            Path file = directory.resolve(request.digest().hex());
            Delivery delivery = scripted.get(request.digest());
            if (delivery != null) {
                return delivery;
            }
            if (!Files.exists(file)) {
                return new Delivery.Nowhere("not_found", "nobody has it");
            }
            try {
                return new Delivery.Complete(
                        new BlobFile(request.digest(), Files.size(file), FileChannel.open(file)), "");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** Moves a few times, then never again; each look takes half of the patience that is allowed. */
    private static final class StuckFetch implements Fetch {
        static final int MOVES = 5;
        final AtomicInteger looks = new AtomicInteger();
        private final Digest digest;
        private final long sizeBytes;
        private final AtomicLong nanos;

        StuckFetch(Digest digest, long sizeBytes, AtomicLong nanos) {
            this.digest = digest;
            this.sizeBytes = sizeBytes;
            this.nanos = nanos;
        }

        @Override
        public Digest digest() {
            return digest;
        }

        @Override
        public OptionalLong sizeBytes() {
            looks.incrementAndGet();
            nanos.addAndGet(FetchWait.STALL_MAX.toNanos() / 2 + 1);
            return OptionalLong.of(sizeBytes);
        }

        @Override
        public long releasedEnd(long offset) {
            return offset;
        }

        @Override
        public boolean handOff() {
            return true;
        }

        @Override
        public void want(long offset) {}

        @Override
        public long receivedBytes() {
            return Math.min(looks.get(), MOVES);
        }

        @Override
        public State state() {
            return State.RUNNING;
        }

        @Override
        public String failureReason() {
            return "";
        }

        @Override
        public String failureDetail() {
            return "";
        }

        @Override
        public String mediaType() {
            return "";
        }

        @Override
        public BlobFile open() throws IOException {
            throw new IOException("not here");
        }

        @Override
        public Subscription onChange(Runnable callback) {
            return () -> {};
        }
    }

    private static final class ArrayStream implements OriginStream {
        private final ByteBuffer bytes;

        ArrayStream(byte[] bytes) {
            this.bytes = ByteBuffer.wrap(bytes);
        }

        @Override
        public long sizeBytes() {
            return bytes.capacity();
        }

        @Override
        public String mediaType() {
            return "";
        }

        @Override
        public boolean authentic() {
            return true;
        }

        @Override
        public String endpoint() {
            return "https://registry.example";
        }

        @Override
        public int read(ByteBuffer into) {
            if (!bytes.hasRemaining()) {
                return -1;
            }
            int length = Math.min(into.remaining(), bytes.remaining());
            into.put(bytes.slice(bytes.position(), length));
            bytes.position(bytes.position() + length);
            return length;
        }

        @Override
        public void close() {}
    }
}
