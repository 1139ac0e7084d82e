package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringpull.blob.Digest;
import ringpull.cli.ControlClient;
import ringpull.demo.NodeProcess;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

/** Several daemons start the same image at the same moment, and nobody has it. */
@NeedsPrograms("docker-registry")
class ColdStartTest {
    private static final int MIB = 1 << 20;
    private static final int NODES = 4;

    @TempDir
    Path temp;

    private Cluster cluster;

    @BeforeEach
    void start() {
        cluster = Cluster.plain(temp);
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void theRegistrySendsLittleMoreThanOneCopy() throws IOException, InterruptedException {
        SampleImage image = cluster.push(List.of(
                new Layer(2_000, Compression.NONE),
                new Layer(5 * MIB + 1, Compression.NONE),
                new Layer(96 * MIB, Compression.NONE)));
        SampleImage.Platform platform = image.platforms().getFirst();
        long blobBytes =
                platform.blobs().stream().mapToLong(SampleImage.Blob::bytes).sum();
        List<NodeProcess> nodes = cluster.ring(NODES);
        Cluster.awaitCompany(nodes);

        List<String> outputs = cluster.atOnce(nodes.stream()
                .<Callable<String>>map(node -> () -> cluster.ringpull(node, "pull", Cluster.IMAGE.toString()))
                .toList());

        assertThat(outputs).hasSize(NODES);
        for (SampleImage.Blob blob : platform.blobs()) {
            for (NodeProcess node : nodes) {
                assertThat(Files.size(Cluster.storedFile(node, blob))).isEqualTo(blob.bytes());
            }
        }
        assertThat((double) cluster.blobBytesRead() / blobBytes)
                .as("copies that the registry sent; %s", traces(nodes, platform.blobs()))
                .isLessThanOrEqualTo(1.1);
    }

    @Test
    void eightDaemonsAskForATagTogether() throws IOException, InterruptedException {
        SampleImage image = cluster.push(List.of(new Layer(2_000, Compression.NONE)));
        List<NodeProcess> nodes = cluster.ring(8);
        Cluster.awaitCompany(nodes);

        HttpClient client = HttpClient.newHttpClient();
        List<String> manifests = new ArrayList<>(List.of(Cluster.IMAGE.reference()));
        image.manifests().forEach(manifest -> manifests.add(manifest.digest().toString()));
        for (String reference : manifests) {
            cluster.atOnce(nodes.stream()
                            .<Callable<Integer>>map(node -> () -> get(client, node, "manifests/" + reference))
                            .toList())
                    .forEach(status -> assertThat(status).isEqualTo(200));
        }
        String config = image.platforms().getFirst().config().digest().toString();
        cluster.atOnce(nodes.stream()
                        .<Callable<Integer>>map(node -> () -> get(client, node, "blobs/" + config))
                        .toList())
                .forEach(status -> assertThat(status).isEqualTo(200));

        List<String> all = new ArrayList<>(manifests);
        all.add(config);
        for (String reference : all) {
            assertThat(cluster.registry().accesses().stream()
                            .filter(access -> access.path().contains("/" + reference))
                            .filter(access -> access.method().equals("GET")
                                    || access.method().equals("HEAD"))
                            .count())
                    .as("requests for %s; eight daemons wanted it", reference)
                    .isBetween(1L, 2L); // 2: on a machine so busy that they do not ask within a second
        }
    }

    @Test
    void smallBlobsComeWholeFromTheirHomes() throws IOException, InterruptedException {
        SampleImage image = cluster.push(Collections.nCopies(12, new Layer(30_000, Compression.NONE)));
        SampleImage.Platform platform = image.platforms().getFirst();
        List<NodeProcess> nodes = cluster.ring(NODES);
        Cluster.awaitCompany(nodes);
        HttpClient client = HttpClient.newHttpClient();
        for (NodeProcess node : nodes) {
            assertThat(get(client, node, "manifests/" + platform.manifest().digest()))
                    .isEqualTo(200);
        }
        double manifests = told(nodes);

        for (SampleImage.Blob blob : platform.blobs()) {
            cluster.atOnce(nodes.stream()
                    .<Callable<Long>>map(node -> () -> cluster.fetch(node, blob.digest()))
                    .toList());
        }

        for (SampleImage.Blob blob : platform.blobs()) {
            assertThat(cluster.reads(blob))
                    .as("reads of %s at the registry", blob)
                    .isBetween(1L, 2L); // 2: on a machine so busy that a home does not answer in time
        }
        // Who asks a moment later may find a member that has it, and reads it there.
        assertThat(told(nodes) - manifests).as("bytes that homes told").isPositive();
    }

    private static double told(List<NodeProcess> nodes) throws IOException, InterruptedException {
        double bytes = 0;
        for (NodeProcess node : nodes) {
            bytes += node.metric("ringpull_transport_received_bytes_total", Map.of("transport", "inline"));
        }
        return bytes;
    }

    private static int get(HttpClient client, NodeProcess node, String what) throws IOException, InterruptedException {
        URI url = node.mirror()
                .resolve("/v2/" + Cluster.IMAGE.repository().path() + "/" + what + "?ns=" + Cluster.REGISTRY);
        return client.send(HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    @Test
    void theHomeAndTheOneThatReadsMostDie() throws IOException, InterruptedException {
        SampleImage image = cluster.push(List.of(new Layer(64 * MIB, Compression.NONE)));
        SampleImage.Blob layer = image.platforms().getFirst().layers().getFirst();
        Relay link = cluster.relay();
        List<NodeProcess> nodes = cluster.ring(6, link.url());
        Cluster.awaitCompany(nodes);
        NodeProcess home = home(nodes, layer.digest());

        link.allow(24 * MIB);
        List<Future<Long>> pulls = nodes.stream()
                .map(node -> cluster.inBackground(() -> cluster.fetch(node, layer.digest())))
                .toList();
        Cluster.await("half of it to have come", () -> fromOrigin(nodes) >= 12L * MIB);
        NodeProcess reader = nodes.stream()
                .filter(node -> node != home)
                .max(Comparator.comparingLong(ColdStartTest::fromOrigin))
                .orElseThrow();
        home.kill();
        reader.kill();
        link.open();

        for (int i = 0; i < nodes.size(); i++) {
            NodeProcess node = nodes.get(i);
            if (node != home && node != reader) {
                assertThat(Cluster.outcomeOf(pulls.get(i))).as(node.name()).isEqualTo(layer.bytes());
            }
        }
    }

    private static NodeProcess home(List<NodeProcess> nodes, Digest digest) throws IOException {
        try (ControlClient client = ControlClient.open(nodes.getFirst().socket())) {
            String name = client.ringOrder(digest.toString(), 1).getMembers(0).getName();
            return nodes.stream()
                    .filter(node -> node.name().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static long fromOrigin(List<NodeProcess> nodes) {
        return nodes.stream().mapToLong(ColdStartTest::fromOrigin).sum();
    }

    private static long fromOrigin(NodeProcess node) {
        try {
            return Cluster.fromOrigin(node);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @EnumSource(FaultyRegistry.Illness.class)
    void theRegistryIsIll(FaultyRegistry.Illness illness) throws IOException, InterruptedException {
        byte[] blob = new byte[40 * MIB + 17];
        new Random(4).nextBytes(blob);
        Digest digest = Digest.ofBytes(Cluster.sha256(blob));
        try (FaultyRegistry registry = FaultyRegistry.of(blob, illness)) {
            List<NodeProcess> nodes = cluster.ring(4, registry.url());
            Cluster.awaitCompany(nodes);

            List<Long> sizes = cluster.atOnce(nodes.stream()
                    .<Callable<Long>>map(node -> () -> cluster.fetch(node, digest))
                    .toList());

            assertThat(sizes).containsOnly((long) blob.length);
            assertThat((double) registry.sentBytes() / blob.length)
                    .as("copies that the registry sent")
                    .isLessThanOrEqualTo(1.15);
        }
    }

    private String traces(List<NodeProcess> nodes, List<SampleImage.Blob> blobs)
            throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder();
        for (NodeProcess node : nodes) {
            for (SampleImage.Blob blob : blobs) {
                text.append(cluster.ringpull(node, "trace", blob.digest().toString()));
            }
        }
        return text.toString();
    }
}
