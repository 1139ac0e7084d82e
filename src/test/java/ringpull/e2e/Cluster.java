package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.cli.ControlClient;
import ringpull.demo.Containerd;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.demo.Programs;
import ringpull.demo.SampleImage;
import ringpull.transport.Relay;
import ringpull.v1.HoldersReply;
import ringpull.v1.MembersReply;

/** A registry, daemons in a ring, and containerds that pull through them: all real, all of one test, all in one directory. */
final class Cluster implements AutoCloseable {
    /** What image references call the registry, wherever it listens. */
    static final String REGISTRY = "registry.test";

    static final ImageName IMAGE = ImageName.parse(REGISTRY + "/team/app:v1");

    /** Refuses. */
    static final URI NOBODY = URI.create("http://127.0.0.1:9");

    /** No working machine needs as long for anything that is waited for here. */
    static final Duration CEILING = Duration.ofMinutes(2);

    static final int MIB = 1 << 20;

    private static final long LAYERS_MAX = 1_000;

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static final String RECEIVED = "ringpull_received_bytes_total";

    private final Path directory;
    private final RealRegistry registry;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Deque<Runnable> started = new ArrayDeque<>();

    /** @param registry is closed with the cluster */
    Cluster(Path directory, RealRegistry registry) {
        this.directory = directory;
        this.registry = registry;
        atEnd(registry::close);
    }

    /** With a registry that speaks plain HTTP. */
    static Cluster plain(Path directory) {
        return new Cluster(directory, RealRegistry.plain(directory.resolve("registry")));
    }

    /** With a registry that speaks TLS: of such an origin clients get bytes before the whole is proven. */
    static Cluster tls(Path directory) {
        return new Cluster(directory, RealRegistry.tls(directory.resolve("registry")));
    }

    RealRegistry registry() {
        return registry;
    }

    private synchronized void atEnd(Runnable end) {
        started.push(end);
    }

    /** Makes an image for these platforms, or for this host's alone, and pushes it to the registry as {@link #IMAGE}. */
    SampleImage push(List<SampleImage.Layer> layers, String... architectures) throws IOException {
        List<String> platforms =
                architectures.length == 0 ? List.of(SampleImage.hostArchitecture()) : List.of(architectures);
        return push("image", 1, layers, platforms);
    }

    /** The same with layers of other bytes, and in place of the former image of that name. */
    SampleImage pushAnother(long number, List<SampleImage.Layer> layers) throws IOException {
        return push("image-" + number, number * LAYERS_MAX, layers, List.of(SampleImage.hostArchitecture()));
    }

    private SampleImage push(String name, long seed, List<SampleImage.Layer> layers, List<String> platforms)
            throws IOException {
        SampleImage image = SampleImage.write(directory.resolve(name), "v1", seed, layers, platforms);
        String path = IMAGE.repository().path();
        image.blobs().stream().distinct().forEach(blob -> registry.push(path, blob.file()));
        for (SampleImage.Platform platform : image.platforms()) {
            pushManifest(path, platform.manifest().digest().toString(), platform.manifest());
        }
        pushManifest(path, IMAGE.reference(), image.index());
        return image;
    }

    private void pushManifest(String path, String reference, SampleImage.Blob manifest) throws IOException {
        registry.pushManifest(path, reference, manifest.mediaType(), Files.readAllBytes(manifest.file()));
    }

    /** The image by the digest of its index. */
    static ImageName byDigest(SampleImage image) {
        return ImageName.parse(REGISTRY + "/team/app@" + image.index().digest());
    }

    /** A way to the registry that is held until the test lets bytes pass. */
    Relay relay() throws IOException {
        Relay link = Relay.held(registry.url());
        atEnd(link::close);
        return link;
    }

    /** A daemon's configuration that names the registry at its own address. */
    NodeConfig config(String name) {
        return config(name, registry.url());
    }

    NodeConfig config(String name, URI endpoint) {
        NodeConfig.Registry named = new NodeConfig.Registry(
                REGISTRY,
                List.of(endpoint),
                Optional.empty(),
                Optional.empty(),
                registry.config().ca());
        return NodeConfig.first(directory.resolve(name), name, List.of(named)).quota("90 %");
    }

    NodeProcess start(NodeConfig config) throws IOException, InterruptedException {
        NodeProcess node = NodeProcess.start(config);
        atEnd(() -> {
            ProcessHandle.of(node.pid()).ifPresent(ProcessHandle::destroyForcibly);
            node.close();
        });
        return node;
    }

    /** Daemons n1, n2, …; returns when each knows all. */
    List<NodeProcess> ring(int nodes) throws IOException, InterruptedException {
        return ring(nodes, registry.url());
    }

    /** The same; they ask for the registry at this address. */
    List<NodeProcess> ring(int nodes, URI endpoint) throws IOException, InterruptedException {
        return ring(nodes, name -> config(name, endpoint));
    }

    /** The same; each is configured by its name. */
    List<NodeProcess> ring(int nodes, Function<String, NodeConfig> config) throws IOException, InterruptedException {
        List<NodeProcess> ring = new ArrayList<>();
        ring.add(start(config.apply("n1")));
        String seed = ring.getFirst().control();
        ring.addAll(atOnce(IntStream.rangeClosed(2, nodes)
                .<Callable<NodeProcess>>mapToObj(
                        number -> () -> start(config.apply("n" + number).joining(seed)))
                .toList()));
        for (NodeProcess node : ring) {
            node.await("all to know each other", CEILING, () -> membersAlive(node) == nodes);
        }
        return ring;
    }

    /** Returns when each of a ring's nodes can bring blobs together with all others, and knows of nobody who has gone. */
    static void awaitCompany(List<NodeProcess> ring) throws IOException, InterruptedException {
        for (NodeProcess node : ring) {
            node.await(
                    "all to be eligible, and nobody else",
                    CEILING,
                    () -> node.metric("ringpull_members_eligible", Map.of()) == ring.size());
        }
    }

    private static int membersAlive(NodeProcess node) throws IOException {
        try (ControlClient client = ControlClient.open(node.socket())) {
            return client.status().getMembersAlive();
        }
    }

    /** One containerd a daemon, each asking its own first and then the registry. */
    List<Containerd> containerds(List<NodeProcess> nodes) throws IOException, InterruptedException {
        return atOnce(nodes.stream()
                .<Callable<Containerd>>map(node -> () -> containerd("c-" + node.name(), node.mirror(), registry.url()))
                .toList());
    }

    Containerd containerd(String name, URI mirror, URI upstream) throws IOException, InterruptedException {
        return containerd(name, mirror, upstream, false);
    }

    /** @param cri whether kubelet's service runs, too */
    Containerd containerd(String name, URI mirror, URI upstream, boolean cri) throws IOException, InterruptedException {
        Containerd containerd = Containerd.start(directory.resolve(name), cri);
        atEnd(containerd::close);
        String ca =
                registry.config().ca().map(file -> "ca = \"" + file + "\"\n").orElse("");
        Path hosts = Files.createDirectories(containerd.hosts().resolve(REGISTRY));
        Files.writeString(hosts.resolve("hosts.toml"), """
            server = "%s"
            %s
            [host."%s"]
              capabilities = ["pull", "resolve"]
            """.formatted(upstream, ca, mirror));
        return containerd;
    }

    /** A pull in the background. */
    Future<Programs.Outcome> pulling(Containerd containerd, ImageName image) {
        return threads.submit(() -> containerd.tryPull(image));
    }

    /** The same of {@link #IMAGE}, with more of ctr's options. */
    Future<Programs.Outcome> pulling(Containerd containerd, String... options) {
        return threads.submit(() -> containerd.tryPull(IMAGE, options));
    }

    /** Waits for a pull in the background and checks what it brought. */
    void assertPulled(Future<Programs.Outcome> pull, Containerd containerd, SampleImage image)
            throws IOException, InterruptedException {
        Programs.Outcome outcome = outcomeOf(pull);
        assertThat(outcome.exit()).as(outcome.output()).isZero();
        assertHas(containerd, image);
    }

    /** The containerd has exactly what the image consists of on this host, every byte as its digest says. */
    static void assertHas(Containerd containerd, SampleImage image) throws IOException {
        assertThat(containerd.verifiedContent())
                .isEqualTo(image.contentOf(image.platforms().getFirst()).stream()
                        .collect(Collectors.toMap(SampleImage.Blob::digest, SampleImage.Blob::bytes)));
    }

    /** Waits until one daemon knows that another holds all of this. */
    static void awaitHolder(NodeProcess asked, NodeProcess holder, Collection<SampleImage.Blob> blobs)
            throws IOException, InterruptedException {
        awaitHolder(asked, holder.name(), blobs);
    }

    /** The same of any member. */
    static void awaitHolder(NodeProcess asked, String holder, Collection<SampleImage.Blob> blobs)
            throws IOException, InterruptedException {
        try (ControlClient client = ControlClient.open(asked.socket())) {
            for (SampleImage.Blob blob : blobs) {
                asked.await(
                        asked.name() + " to know that " + holder + " holds " + blob.digest(),
                        CEILING,
                        () -> client.holders(blob.digest().toString(), "").getBlobsList().stream()
                                .flatMap(row -> row.getHoldersList().stream())
                                .filter(HoldersReply.Holder::getComplete)
                                .anyMatch(row -> row.getMember().equals(holder)));
            }
        }
    }

    /** What a daemon thinks of a member: empty, if well. */
    static String standing(NodeProcess asked, String of) throws IOException {
        try (ControlClient control = ControlClient.open(asked.socket())) {
            return control.members().getMembersList().stream()
                    .filter(member -> member.getName().equals(of))
                    .map(MembersReply.Entry::getStanding)
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Bytes that a daemon took since it started. */
    static long fromOrigin(NodeProcess node) throws IOException, InterruptedException {
        return (long) node.metric(RECEIVED, Map.of("source", "origin"));
    }

    /** Bytes that a daemon gave to other members since it started. */
    static long toPeers(NodeProcess node) throws IOException, InterruptedException {
        return (long) node.metric("ringpull_transport_served_bytes_total", Map.of());
    }

    static long fromPeers(NodeProcess node) throws IOException, InterruptedException {
        return (long) node.metric(RECEIVED, Map.of("source", "peer"));
    }

    /** Bytes of blobs that the registry sent, when it has logged all that was asked so far. */
    long blobBytesRead() throws InterruptedException {
        awaitAccessLog();
        return registry.blobBytesRead();
    }

    /** How often the registry was asked for the bytes of this. */
    long reads(SampleImage.Blob blob) throws InterruptedException {
        awaitAccessLog();
        return registry.accesses().stream()
                .filter(access -> access.method().equals("GET"))
                .filter(access -> access.path().contains(blob.digest().toString()))
                .count();
    }

    /** The log is written in the order in which answers end: when it has a later one, it has all before. */
    private void awaitAccessLog() throws InterruptedException {
        byte[] marker = ("marker " + System.nanoTime()).getBytes(StandardCharsets.UTF_8);
        Digest digest = registry.push("marker/marker", marker);
        await(
                "the registry's access log",
                () -> registry.accesses().stream()
                        .anyMatch(access ->
                                access.method().equals("PUT") && access.path().contains(digest.hex())));
    }

    /** Bytes of blobs that a containerd has received and not yet finished. */
    static long unfinishedBytes(Containerd containerd) throws IOException {
        Path ingest = containerd.contentStore().resolve("../../ingest").normalize();
        if (!Files.isDirectory(ingest)) {
            return 0;
        }
        long bytes = 0;
        try (Stream<Path> files = Files.walk(ingest)) {
            for (Path file : files.filter(path -> path.endsWith("data")).toList()) {
                bytes += Files.exists(file) ? Files.size(file) : 0;
            }
        }
        return bytes;
    }

    /** Where a daemon keeps a complete blob. */
    static Path storedFile(NodeProcess node, SampleImage.Blob blob) {
        return node.config()
                .directory()
                .resolve("state/blobs/sha256")
                .resolve(blob.digest().hex());
    }

    /** Polls until it holds. */
    static void await(String what, Callable<Boolean> condition) throws InterruptedException {
        long deadline = System.nanoTime() + CEILING.toNanos();
        try {
            while (!condition.call()) {
                assertThat(System.nanoTime())
                        .as("waited %s for %s", CEILING, what)
                        .isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(10);
            }
        } catch (InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new AssertionError("waiting for " + what + ": " + e.getMessage(), e);
        }
    }

    /** Runs a small program that is there on every system, and must succeed. */
    void run(String... command) throws IOException, InterruptedException {
        Path output = Files.createTempFile(directory, "run", ".out");
        Programs.Outcome outcome = Programs.run(output, CEILING, Arrays.asList(command));
        assertThat(outcome.exit()).as(outcome.output()).isZero();
    }

    /** Asks a daemon as an operator does; what the command printed. */
    String ringpull(NodeProcess node, String... arguments) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(Arrays.asList(arguments));
        words.addAll(List.of("--socket", node.socket().toString()));
        Path output = Files.createTempFile(directory, "ringpull", ".out");
        Programs.Outcome outcome = Programs.run(output, CEILING, NodeProcess.command(words));
        assertThat(outcome.exit()).as(outcome.output()).isZero();
        return outcome.output();
    }

    /** Takes a blob through a daemon's mirror as a client does that asks again where it is sent upstream; its size. */
    long fetch(NodeProcess node, Digest digest) throws IOException, InterruptedException {
        return fetch(node, REGISTRY, digest);
    }

    /** The same from another registry. */
    long fetch(NodeProcess node, String registry, Digest digest) throws IOException, InterruptedException {
        URI url = node.mirror().resolve("/v2/" + IMAGE.repository().path() + "/blobs/" + digest + "?ns=" + registry);
        HttpRequest request = HttpRequest.newBuilder(url).build();
        long deadline = System.nanoTime() + CEILING.toNanos();
        while (true) {
            try {
                HttpResponse<byte[]> answer = HTTP.send(request, HttpResponse.BodyHandlers.ofByteArray());
                if (answer.statusCode() == 200) {
                    assertThat(Digest.ofBytes(sha256(answer.body()))).isEqualTo(digest);
                    return answer.body().length;
                }
            } catch (IOException e) {
                if (!node.isAlive()) {
                    throw e;
                }
            }
            assertThat(System.nanoTime())
                    .as("%s does not bring %s", node.name(), digest)
                    .isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    <T> Future<T> inBackground(Callable<T> task) {
        return threads.submit(task);
    }

    /** Runs all at once and waits for all. */
    <T> List<T> atOnce(List<Callable<T>> tasks) throws InterruptedException {
        List<T> results = new ArrayList<>();
        for (Future<T> task : threads.invokeAll(tasks)) {
            results.add(outcomeOf(task));
        }
        return results;
    }

    static <T> T outcomeOf(Future<T> task) throws InterruptedException {
        try {
            return task.get(CEILING.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("not done within " + CEILING, e);
        }
    }

    /** Ends all that was started, the last first. */
    @Override
    public void close() {
        threads.shutdownNow();
        List<Runnable> ends;
        synchronized (this) {
            ends = List.copyOf(started);
        }
        ends.forEach(Runnable::run);
    }

    /** One bit of this byte is another from now on. */
    static void flipByte(Path path, long offset) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(offset);
            int value = file.read();
            file.seek(offset);
            file.write(value ^ 1);
        }
    }
}
