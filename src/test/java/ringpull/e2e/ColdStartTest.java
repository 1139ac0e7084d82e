package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.CEILING;
import static ringpull.e2e.Cluster.MIB;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Arrays;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.demo.SampleImage;
import ringpull.demo.SampleImage.Compression;
import ringpull.demo.SampleImage.Layer;

/** Several daemons start the same image at the same moment, and nobody has it. */
@NeedsPrograms("docker-registry")
class ColdStartTest extends ColdStartFixture {
    /**
     * Copies that a registry sends at most where six might be sent. How little more than one is the simulation's to say, in
     * virtual time: here a daemon on a busy machine may stand still, and then another reads what it was to read.
     */
    private static final double COPIES_MAX = 1.5;

    /** The same of one that makes its readers wait. */
    private static final double COPIES_OF_THE_ILL_MAX = 2;

    private static final Pattern MEMBERS = Pattern.compile("([0-9]+) members and this one's part");

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
