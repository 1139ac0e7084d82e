package ringpull.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.CEILING;
import static ringpull.e2e.Cluster.MIB;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.cli.ControlClient;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;
import ringpull.transport.Relay;

/**
 * Several daemons start the same image at the same moment, and nobody has it. They share one ring: every test begins and ends
 * with all alive, and with the way to the registry open.
 */
@NeedsPrograms("docker-registry")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ColdStartTest {
    private static final int NODES = 6;
    private static final String ILL = "ill.test";

    /**
     * Copies that a registry sends at most where six might be sent. How little more than one is the simulation's to say, in
     * virtual time: here a daemon on a busy machine may stand still, and then another reads what it was to read.
     */
    private static final double COPIES_MAX = 1.5;

    /** The same of one that makes its readers wait. */
    private static final double COPIES_OF_THE_ILL_MAX = 2;

    private static final Pattern MEMBERS = Pattern.compile("([0-9]+) members and this one's part");

    private Cluster cluster;
    private Relay link;
    private FaultyRegistry ill;
    private List<NodeProcess> nodes;
    private int images;

    @BeforeAll
    void start(@TempDir Path temp) throws IOException, InterruptedException {
        cluster = Cluster.plain(temp);
        link = cluster.relay();
        link.open();
        ill = new FaultyRegistry();
        nodes = new ArrayList<>(cluster.ring(NODES, this::config));
        Cluster.awaitCompany(nodes);
    }

    private NodeConfig config(String name) {
        return cluster.config(name, link.url())
                .more("[[registry]]\nname = \"%s\"\nendpoints = [\"%s\"]".formatted(ILL, ill.url()));
    }

    @AfterAll
    void stop() {
        cluster.close();
        ill.close();
    }

    @AfterEach
    void allAlive() throws IOException, InterruptedException {
        link.hold();
        link.open();
        for (int i = 0; i < NODES; i++) {
            NodeProcess dead = nodes.get(i);
            if (!dead.isAlive()) {
                NodeProcess other =
                        nodes.stream().filter(NodeProcess::isAlive).findFirst().orElseThrow();
                nodes.set(i, cluster.start(dead.config().joining(other.control())));
            }
        }
        Cluster.awaitCompany(nodes);
    }

    private SampleImage push(List<Layer> layers) throws IOException {
        images++;
        return cluster.pushAnother(images, layers);
    }

    private SampleImage.Blob pushLayer(int bytes) throws IOException {
        return push(List.of(new Layer(bytes, Compression.NONE)))
                .platforms()
                .getFirst()
                .layers()
                .getFirst();
    }

    private List<Future<Long>> fetching(SampleImage.Blob blob) {
        return nodes.stream()
                .map(node -> cluster.inBackground(() -> cluster.fetch(node, blob.digest())))
                .toList();
    }

    @Test
    void theRegistrySendsLittleMoreThanOneCopy() throws IOException, InterruptedException {
        SampleImage image = push(List.of(
                new Layer(2_000, Compression.NONE),
                new Layer(5 * MIB + 1, Compression.NONE),
                new Layer(48 * MIB, Compression.NONE)));
        SampleImage.Platform platform = image.platforms().getFirst();
        long blobBytes =
                platform.blobs().stream().mapToLong(SampleImage.Blob::bytes).sum();
        long before = cluster.blobBytesRead();

        List<String> outputs = cluster.atOnce(nodes.stream()
                .<Callable<String>>map(node -> () -> cluster.ringpull(node, "pull", Cluster.IMAGE.toString()))
                .toList());

        assertThat(outputs).hasSize(NODES);
        for (SampleImage.Blob blob : platform.blobs()) {
            for (NodeProcess node : nodes) {
                assertThat(Files.size(Cluster.storedFile(node, blob))).isEqualTo(blob.bytes());
            }
        }
        assertThat((double) (cluster.blobBytesRead() - before) / blobBytes)
                .as(() -> "copies that the registry sent; " + traces(platform.blobs()))
                .isLessThanOrEqualTo(COPIES_MAX);
    }

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

    /** A third of all who pull. */
    @Test
    void theHomeAndTheOneThatReadsMostDie() throws IOException, InterruptedException {
        SampleImage.Blob layer = pushLayer(48 * MIB);
        NodeProcess home = home(layer.digest());
        long[] before = fromOrigin();

        link.hold();
        link.allow(18 * MIB);
        List<Future<Long>> pulls = fetching(layer);
        Cluster.await("a part of it to have come", () -> sum(fromOrigin(), before) >= 9L * MIB);
        long[] read = grown(fromOrigin(), before);
        NodeProcess reader = IntStream.range(0, NODES)
                .boxed()
                .filter(i -> nodes.get(i) != home)
                .max(Comparator.comparingLong(i -> read[i]))
                .map(nodes::get)
                .orElseThrow();
        home.kill();
        reader.kill();
        link.open();

        for (int i = 0; i < NODES; i++) {
            NodeProcess node = nodes.get(i);
            if (node != home && node != reader) {
                assertThat(Cluster.outcomeOf(pulls.get(i))).as(node.name()).isEqualTo(layer.bytes());
            }
        }
    }

    private NodeProcess home(Digest digest) throws IOException {
        String name = firstInOrder(digest);
        return nodes.stream()
                .filter(node -> node.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private String firstInOrder(Digest digest) throws IOException {
        try (ControlClient client = ControlClient.open(nodes.getFirst().socket())) {
            return client.ringOrder(digest.toString(), 1).getMembers(0).getName();
        }
    }

    private interface Counter {
        long of(NodeProcess node) throws IOException, InterruptedException;
    }

    /** One figure of each daemon, in their order. */
    private long[] each(Counter counter) throws IOException, InterruptedException {
        long[] figures = new long[nodes.size()];
        for (int i = 0; i < figures.length; i++) {
            figures[i] = counter.of(nodes.get(i));
        }
        return figures;
    }

    private long[] fromOrigin() throws IOException, InterruptedException {
        return each(Cluster::fromOrigin);
    }

    private static long[] grown(long[] after, long[] before) {
        long[] more = new long[after.length];
        Arrays.setAll(more, i -> after[i] - before[i]);
        return more;
    }

    private static long sum(long[] after, long[] before) {
        return LongStream.of(grown(after, before)).sum();
    }

    @Test
    void whoeverJoinsHalfWayGetsWhatIsThereFromMany() throws IOException, InterruptedException {
        SampleImage.Blob layer = pushLayer(64 * MIB);
        long read = link.passed();
        long[] before = fromOrigin();

        link.hold();
        link.allow(32 * MIB);
        List<Future<Long>> pulls = fetching(layer);
        Cluster.await("half of it to have come", () -> sum(fromOrigin(), before) >= 30L * MIB);
        NodeConfig config = config("late-1").joining(nodes.getFirst().control());
        Future<NodeProcess> starting = cluster.inBackground(() -> cluster.start(config));
        Cluster.await("another to join", () -> {
            trickle(before);
            return starting.isDone();
        });
        NodeProcess late = Cluster.outcomeOf(starting);
        try {
            // Whoever is first in order now may be the late one itself, and is the home from then on.
            Cluster.await("all to know it", () -> {
                trickle(before);
                return knowsCompany(late) && allKnowCompany();
            });
            Future<Long> last = cluster.inBackground(() -> cluster.fetch(late, layer.digest()));
            Cluster.await("it to have what the others have", () -> {
                trickle(before);
                return Cluster.fromPeers(late) >= 24L * MIB;
            });
            link.open();

            for (Future<Long> pull : pulls) {
                assertThat(Cluster.outcomeOf(pull)).isEqualTo(layer.bytes());
            }
            assertThat(Cluster.outcomeOf(last)).isEqualTo(layer.bytes());
            String trace = cluster.ringpull(late, "trace", layer.digest().toString());
            Matcher members = MEMBERS.matcher(trace);
            assertThat(members.find()).as(trace).isTrue();
            assertThat(Integer.parseInt(members.group(1))).as(trace).isGreaterThanOrEqualTo(3);
            assertThat((double) (link.passed() - read) / layer.bytes())
                    .as("copies that the registry sent")
                    .isLessThanOrEqualTo(COPIES_MAX);
        } finally {
            late.stop();
        }
    }

    /** So little at a time that the blob is half there for long, and that nobody gives the registry up. */
    private void trickle(long[] before) throws IOException, InterruptedException {
        if (sum(fromOrigin(), before) < 52L * MIB) {
            link.allow(64 << 10);
        }
    }

    private boolean allKnowCompany() throws IOException, InterruptedException {
        for (NodeProcess node : nodes) {
            if (!knowsCompany(node)) {
                return false;
            }
        }
        return true;
    }

    private static boolean knowsCompany(NodeProcess node) throws IOException, InterruptedException {
        return node.metric("ringpull_members_eligible", Map.of()) > NODES;
    }

    @Test
    void whoeverComesWhenAllAreDoneGetsItFromManyAndNothingFromTheRegistry() throws IOException, InterruptedException {
        SampleImage.Blob layer = pushLayer(48 * MIB);
        for (Future<Long> pull : fetching(layer)) {
            assertThat(Cluster.outcomeOf(pull)).isEqualTo(layer.bytes());
        }
        NodeProcess late =
                cluster.start(config("late-2").joining(nodes.getFirst().control()));
        try {
            for (NodeProcess node : nodes) {
                Cluster.awaitHolder(late, node, List.of(layer));
            }
            long read = cluster.blobBytesRead();
            long[] before = each(Cluster::toPeers);

            assertThat(cluster.fetch(late, layer.digest())).isEqualTo(layer.bytes());

            long[] given = grown(each(Cluster::toPeers), before);
            assertThat(LongStream.of(given).filter(bytes -> bytes >= MIB).count())
                    .as("members that gave some: %s", Arrays.toString(given))
                    .isGreaterThanOrEqualTo(NODES / 2);
            assertThat(Cluster.fromPeers(late)).isEqualTo(layer.bytes());
            assertThat(Cluster.fromOrigin(late)).isZero();
            assertThat(cluster.blobBytesRead()).isEqualTo(read);
        } finally {
            late.stop();
        }
    }

    /** It would be the blob's home, if it knew what that is. */
    @Test
    void aMemberThatKnowsNothingOfSwarmsHoldsNobodyUp() throws IOException, InterruptedException {
        String registry = cluster.registry().name();
        try (OlderMember older = new OlderMember("older", nodes.getFirst().control(), registry, link.url())) {
            for (NodeProcess node : nodes) {
                node.await("it to be known", CEILING, () -> knowsCompany(node));
            }
            byte[] blob = new byte[24 * MIB + 3];
            Random random = new Random(5);
            Digest digest;
            do {
                random.nextBytes(blob);
                digest = Digest.ofBytes(Cluster.sha256(blob));
            } while (!firstInOrder(digest).equals("older"));
            cluster.registry().push(Cluster.IMAGE.repository().path(), blob);
            long[] before = fromOrigin();

            Digest wanted = digest;
            Future<Long> old = cluster.inBackground(() -> older.fetch(
                    new Repository(registry, Cluster.IMAGE.repository().path()), wanted));
            List<Long> sizes = cluster.atOnce(nodes.stream()
                    .<Callable<Long>>map(node -> () -> cluster.fetch(node, wanted))
                    .toList());

            assertThat(sizes).containsOnly((long) blob.length);
            assertThat((double) sum(fromOrigin(), before) / blob.length)
                    .as("copies that the others took from the registry")
                    .isLessThanOrEqualTo(COPIES_MAX);
            assertThat(Cluster.outcomeOf(old)).isEqualTo(blob.length);
            assertThat(older.receivedBytes()).isGreaterThanOrEqualTo(blob.length);
        }
    }

    @ParameterizedTest
    @EnumSource(FaultyRegistry.Illness.class)
    void theRegistryIsIll(FaultyRegistry.Illness illness) throws IOException, InterruptedException {
        byte[] blob = new byte[40 * MIB + 17];
        new Random(illness.name().hashCode()).nextBytes(blob);
        Digest digest = Digest.ofBytes(Cluster.sha256(blob));
        ill.has(blob, illness);

        List<Long> sizes = cluster.atOnce(nodes.stream()
                .<Callable<Long>>map(node -> () -> cluster.fetch(node, ILL, digest))
                .toList());

        assertThat(sizes).containsOnly((long) blob.length);
        assertThat(ill.failures()).isPositive();
        assertThat((double) ill.sentBytes() / blob.length)
                .as("copies that the registry sent")
                .isLessThanOrEqualTo(COPIES_OF_THE_ILL_MAX);
    }

    private String traces(List<SampleImage.Blob> blobs) {
        StringBuilder text = new StringBuilder();
        try {
            for (NodeProcess node : nodes) {
                for (SampleImage.Blob blob : blobs) {
                    text.append(cluster.ringpull(node, "trace", blob.digest().toString()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return text.toString();
    }
}
