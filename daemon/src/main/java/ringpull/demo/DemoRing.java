package ringpull.demo;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import ringpull.blob.Digest;
import ringpull.cli.ControlClient;
import ringpull.v1.HoldersReply;

/** Three daemons on loopback that form a ring, and a client beside each. Used by one thread. */
final class DemoRing {
    static final int NODES = 3;

    private static final Duration RING_WAIT = Duration.ofMinutes(2);
    private static final String RECEIVED = "ringpull_received_bytes_total";

    /** One node: the daemon, the way to ask it, and what pulls from it. */
    record Node(NodeProcess daemon, ControlClient control, DemoClient client) {
        String name() {
            return daemon.name();
        }

        /** Bytes that its daemon took so far: {@code origin} or {@code peer}. */
        long received(String source) throws IOException, InterruptedException {
            return (long) daemon.metric(RECEIVED, Map.of("source", source));
        }
    }

    private record Daemon(NodeProcess process, ControlClient control) {}

    private final List<Node> nodes;
    private final String client;

    private DemoRing(List<Node> nodes, String client) {
        this.nodes = nodes;
        this.client = client;
    }

    /**
     * Starts all of it in {@code directory}; returns when each daemon sees the others.
     *
     * @param record where the JVM of the last daemon writes its AOT cache when it ends; no containerd is asked then
     */
    static DemoRing start(
            Path directory, DemoOrigin origin, Optional<Path> record, Cleanup cleanup, Consumer<String> progress)
            throws IOException, InterruptedException {
        List<Daemon> daemons = daemons(directory, origin, record, cleanup);
        for (Daemon daemon : daemons) {
            daemon.process.await(
                    "all " + NODES + " daemons to know each other",
                    RING_WAIT,
                    () -> daemon.control.status().getMembersAlive() == NODES);
        }
        progress.accept(NODES + " daemons form a ring on loopback");
        List<URI> mirrors =
                daemons.stream().map(daemon -> daemon.process.mirror()).toList();
        String why = record.isPresent()
                ? "what a daemon does is recorded"
                : Containerd.unavailable().orElse("");
        List<DemoClient> clients = clients(directory, mirrors, why, origin, cleanup, progress);
        List<Node> nodes = IntStream.range(0, NODES)
                .mapToObj(i -> new Node(daemons.get(i).process, daemons.get(i).control, clients.get(i)))
                .toList();
        return new DemoRing(nodes, clients.getFirst() instanceof DemoClient.Own ? "containerd" : "builtin");
    }

    private static List<Daemon> daemons(Path directory, DemoOrigin origin, Optional<Path> record, Cleanup cleanup)
            throws IOException, InterruptedException {
        NodeConfig first = config(directory, 1, origin);
        List<Daemon> daemons = new ArrayList<>();
        daemons.add(daemon(first, List.of(), cleanup));
        String seed = daemons.getFirst().process.control();
        List<Callable<Daemon>> others = IntStream.rangeClosed(2, NODES)
                .mapToObj(i -> {
                    List<String> flags = i < NODES
                            ? List.<String>of()
                            : record.map(file -> List.of("-XX:AOTCacheOutput=" + file))
                                    .orElse(List.of());
                    NodeConfig config = config(directory, i, origin).joining(seed);
                    return (Callable<Daemon>) () -> daemon(config, flags, cleanup);
                })
                .toList();
        daemons.addAll(atOnce(others));
        return daemons;
    }

    private static NodeConfig config(Path directory, int number, DemoOrigin origin) {
        return NodeConfig.first(directory.resolve("n" + number), "node-" + number, origin.registries())
                .quota("90 %");
    }

    private static Daemon daemon(NodeConfig config, List<String> flags, Cleanup cleanup)
            throws IOException, InterruptedException {
        NodeProcess process = NodeProcess.start(config, List.of(), flags);
        cleanup.add(process::close);
        ControlClient control = ControlClient.open(process.socket());
        cleanup.add(control::close);
        return new Daemon(process, control);
    }

    private static List<DemoClient> clients(
            Path directory,
            List<URI> mirrors,
            String whyNone,
            DemoOrigin origin,
            Cleanup cleanup,
            Consumer<String> progress)
            throws IOException, InterruptedException {
        String why = whyNone;
        if (why.isEmpty()) {
            try {
                List<Callable<DemoClient>> starts = new ArrayList<>();
                for (URI mirror : mirrors) {
                    Path own = directory.resolve("c" + (starts.size() + 1));
                    starts.add(() -> containerd(own, mirror, origin, cleanup));
                }
                List<DemoClient> clients = atOnce(starts);
                progress.accept("each with a containerd of its own as the client");
                return clients;
            } catch (IOException e) {
                why = "no containerd of its own can run here: " + e.getMessage();
            }
        }
        progress.accept("the built-in client pulls, since " + why);
        List<DemoClient> clients = new ArrayList<>();
        for (URI mirror : mirrors) {
            BuiltinClient builtin = new BuiltinClient(mirror);
            cleanup.add(builtin::close);
            clients.add(new DemoClient.Builtin(builtin));
        }
        return clients;
    }

    private static DemoClient containerd(Path directory, URI mirror, DemoOrigin origin, Cleanup cleanup)
            throws IOException, InterruptedException {
        Containerd containerd = Containerd.start(directory);
        cleanup.add(containerd::close);
        containerd.mirror(origin.image().repository().registry(), mirror, origin.endpoint());
        return new DemoClient.Own(containerd);
    }

    /** Waits until the node knows that the holder has all of these. */
    void awaitKnown(Node node, Node holder, Iterable<Digest> content) throws IOException, InterruptedException {
        for (Digest digest : content) {
            node.daemon.await(
                    node.name() + " to know that " + holder.name() + " holds " + digest,
                    RING_WAIT,
                    () -> holders(node, digest).contains(holder.name()));
        }
    }

    /** Names of the members that hold the whole blob, as this node knows. */
    List<String> holders(Node node, Digest digest) throws IOException {
        return node.control.holders(digest.toString(), "").getBlobsList().stream()
                .flatMap(blob -> blob.getHoldersList().stream())
                .filter(HoldersReply.Holder::getComplete)
                .map(HoldersReply.Holder::getMember)
                .sorted()
                .toList();
    }

    List<Node> nodes() {
        return nodes;
    }

    /** {@code containerd} or {@code builtin}. */
    String client() {
        return client;
    }

    /** Runs all at once, and waits for all; the first failure in their order is thrown. */
    static <T> List<T> atOnce(List<Callable<T>> tasks) throws IOException, InterruptedException {
        List<T> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<T>> running = tasks.stream().map(threads::submit).toList();
            for (Future<T> task : running) {
                results.add(task.get());
            }
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw new IOException(cause == null || cause.getMessage() == null ? e.toString() : cause.getMessage(), e);
        }
        return results;
    }
}
