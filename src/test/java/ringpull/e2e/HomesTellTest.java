package ringpull.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.demo.NodeProcess;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

/** What is small is asked once of the registry, by its home, and told by that to all who want it at the same moment. */
@NeedsPrograms("docker-registry")
class HomesTellTest extends ColdStartFixture {
    @Test
    void whatAllAskForTogetherIsAskedOnce() throws IOException, InterruptedException {
        SampleImage image = push(List.of(new Layer(2_000, Compression.NONE)));
        HttpClient client = HttpClient.newHttpClient();
        String tag = "manifests/" + Cluster.IMAGE.reference();
        NodeProcess home = home(Digest.ofBytes(Cluster.sha256(("tag " + Cluster.IMAGE).getBytes(UTF_8))));
        for (NodeProcess node : nodes) {
            get(
                    client,
                    node,
                    "manifests/none"); // a daemon that has just started is slow, and a client does not wait for long
        }
        int before = cluster.registry().accesses().size();

        link.hold();
        List<Future<Integer>> tags = nodes.stream()
                .map(node -> cluster.inBackground(() -> get(client, node, tag)))
                .toList();
        Cluster.await("all to wait for the tag's home", () -> home.metric("ringpull_tags_waiting", Map.of()) == NODES);
        link.open();
        for (Future<Integer> answer : tags) {
            assertThat(Cluster.outcomeOf(answer)).isEqualTo(200);
        }
        List<String> others = new ArrayList<>();
        image.manifests().forEach(manifest -> others.add("manifests/" + manifest.digest()));
        others.add("blobs/" + image.platforms().getFirst().config().digest());
        for (String what : others) {
            cluster.atOnce(nodes.stream()
                            .<Callable<Integer>>map(node -> () -> get(client, node, what))
                            .toList())
                    .forEach(status -> assertThat(status).isEqualTo(200));
        }

        cluster.blobBytesRead(); // which waits for the access log
        List<RealRegistry.Access> accesses = cluster.registry().accesses();
        accesses = accesses.subList(before, accesses.size());
        assertThat(questions(accesses, tag)).as("questions what the tag means").isEqualTo(1);
        for (String what : others) {
            assertThat(questions(accesses, what))
                    .as("requests for %s; %d daemons wanted it", what, NODES)
                    .isBetween(1L, 2L); // 2: on a machine so busy that a home does not answer in time
        }
    }

    @Test
    void aTagThatIsNotThereIsAskedForOnceToo() throws IOException, InterruptedException {
        HttpClient client = HttpClient.newHttpClient();
        ImageName missing = new ImageName(Cluster.IMAGE.repository(), "missing");
        NodeProcess home = home(Digest.ofBytes(Cluster.sha256(("tag " + missing).getBytes(UTF_8))));
        for (NodeProcess node : nodes) {
            get(client, node, "manifests/none"); // as above
        }
        int before = cluster.registry().accesses().size();

        link.hold();
        List<Future<Integer>> answers = nodes.stream()
                .map(node -> cluster.inBackground(() -> get(client, node, "manifests/missing")))
                .toList();
        Cluster.await("all to wait for the tag's home", () -> home.metric("ringpull_tags_waiting", Map.of()) == NODES);
        link.open();

        for (Future<Integer> answer : answers) {
            assertThat(Cluster.outcomeOf(answer)).isEqualTo(404);
        }
        cluster.blobBytesRead(); // which waits for the access log
        List<RealRegistry.Access> accesses = cluster.registry().accesses();
        assertThat(questions(accesses.subList(before, accesses.size()), "manifests/missing"))
                .isEqualTo(1);
    }

    private static long questions(List<RealRegistry.Access> accesses, String what) {
        return accesses.stream()
                .filter(access -> access.path().contains("/" + what))
                .filter(access -> List.of("GET", "HEAD").contains(access.method()))
                .count();
    }

    @Test
    void smallBlobsComeWholeFromTheirHomes() throws IOException, InterruptedException {
        SampleImage image = push(Collections.nCopies(12, new Layer(30_000, Compression.NONE)));
        SampleImage.Platform platform = image.platforms().getFirst();
        HttpClient client = HttpClient.newHttpClient();
        for (NodeProcess node : nodes) {
            assertThat(get(client, node, "manifests/" + platform.manifest().digest()))
                    .isEqualTo(200);
        }
        double manifests = told();

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
        assertThat(told() - manifests).as("bytes that homes told").isPositive();
    }

    private double told() throws IOException, InterruptedException {
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
}
