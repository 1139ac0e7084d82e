package ringpull.demo;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import ringpull.blob.Digest;

/** The demonstration proper: one node pulls from the origin, then all others at once from their neighbours. */
final class DemoRun {
    private final DemoOrigin origin;
    private final DemoRing ring;
    private final Consumer<String> progress;
    private final List<String> problems = new ArrayList<>();

    DemoRun(DemoOrigin origin, DemoRing ring, Consumer<String> progress) {
        this.origin = origin;
        this.ring = ring;
        this.progress = progress;
    }

    DemoReport run() throws IOException, InterruptedException {
        DemoRing.Node first = ring.nodes().getFirst();
        List<DemoRing.Node> others = ring.nodes().subList(1, ring.nodes().size());
        progress.accept(first.name() + " pulls " + origin.image() + " (nobody in the ring has it)");
        Duration firstTook = pull(first);
        Map<Digest, Long> content = first.client().verified();
        checkExpected(content.keySet());
        for (DemoRing.Node node : others) {
            ring.awaitKnown(node, first, content.keySet());
        }

        List<Long> before = new ArrayList<>();
        for (DemoRing.Node node : others) {
            // A tag's home asks the registry for the one that pulls.
            before.add(node.received("origin"));
        }
        Optional<Long> sentBefore = origin.counter().map(CountingRegistry::bytesSent);
        progress.accept("the others pull it at once");
        long start = System.nanoTime();
        List<Duration> tooks = DemoRing.atOnce(others.stream()
                .<Callable<Duration>>map(node -> () -> pull(node))
                .toList());
        Duration othersTook = Duration.ofNanos(System.nanoTime() - start);
        sentBefore.ifPresent(this::checkSilent);

        List<DemoReport.Node> rows = new ArrayList<>();
        rows.add(row(first, firstTook, content));
        for (int i = 0; i < others.size(); i++) {
            rows.add(row(others.get(i), tooks.get(i), content));
            checkNoOrigin(rows.getLast(), before.get(i));
        }
        showHolders(others.getLast(), content);
        long originBytes = origin.counter()
                .map(CountingRegistry::bytesSent)
                .orElseGet(() ->
                        rows.stream().mapToLong(DemoReport.Node::originBytes).sum());
        long imageBytes = content.values().stream().mapToLong(Long::longValue).sum();
        return new DemoReport(rows, imageBytes, originBytes, ring.client(), firstTook.plus(othersTook), problems);
    }

    private Duration pull(DemoRing.Node node) throws IOException, InterruptedException {
        long start = System.nanoTime();
        node.client().pull(origin.image());
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        progress.accept("  " + node.name() + ": pulled in " + DemoReport.seconds(took) + " s");
        return took;
    }

    private DemoReport.Node row(DemoRing.Node node, Duration took, Map<Digest, Long> expected)
            throws IOException, InterruptedException {
        boolean verified;
        try {
            verified = node.client().verified().equals(expected);
            if (!verified) {
                problems.add(node.name() + " has other content than the first node");
            }
        } catch (IOException e) {
            verified = false;
            problems.add(node.name() + " has wrong content: " + e.getMessage());
        }
        return new DemoReport.Node(node.name(), took, node.received("origin"), node.received("peer"), verified);
    }

    private void checkExpected(Set<Digest> content) {
        origin.expected().ifPresent(expected -> {
            if (!content.equals(expected)) {
                problems.add("the first node has " + content.size() + " blobs and manifests, not the " + expected.size()
                        + " of the image");
            }
        });
    }

    private void checkSilent(long before) {
        long more = origin.counter().map(CountingRegistry::bytesSent).orElse(before) - before;
        if (more > 0) {
            problems.add("the origin sent " + more + " bytes although the first node held everything");
        }
    }

    private void checkNoOrigin(DemoReport.Node node, long before) {
        long more = node.originBytes() - before;
        if (more > 0) {
            problems.add(node.name() + " took " + more + " bytes from the origin");
        }
        if (node.peerBytes() == 0) {
            problems.add(node.name() + " took nothing from its neighbours: its client went past the daemon");
        }
    }

    private void showHolders(DemoRing.Node node, Map<Digest, Long> content) throws IOException {
        Digest largest = content.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow(() -> new IOException("the first node has pulled nothing"))
                .getKey();
        progress.accept("");
        progress.accept("ringpull holders " + largest + "    (asked of " + node.name() + ")");
        for (String holder : ring.holders(node, largest)) {
            progress.accept("  " + holder);
        }
        progress.accept("");
    }
}
