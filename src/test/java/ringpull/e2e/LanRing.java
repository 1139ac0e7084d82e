package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static ringpull.e2e.Cluster.CEILING;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import ringpull.cli.ControlClient;
import ringpull.config.Config;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.tls.TestCertificates;
import ringpull.v1.HoldersReply;
import ringpull.v1.MembersReply;

/** Daemons with certificates, each on a host of its own, and an origin that all of them reach whatever happens between them. */
final class LanRing implements AutoCloseable {
    /** So that a dozen fit in a small machine, and start with little compiling. */
    private static final List<String> SMALL =
            List.of("-Xmx64m", "-XX:MaxDirectMemorySize=64m", "-XX:TieredStopAtLevel=1");

    private static final String CLUSTER = "demo";
    private static final String REGISTRY = "lan.test";
    private static final int ORIGIN_PORT = 8080;
    private static final long METRICS_INTERVAL_MILLIS = 200;
    private static final Pattern DECLARED_DEAD = Pattern.compile("member (\\S+) \\(\\w+\\) at \\S+ is DEAD");

    private final Path directory;
    private final Lan lan;
    private final Lan.Host originHost;
    private final Process origin;
    private final TestCertificates certificates;
    private final List<NodeConfig> configs = new ArrayList<>();
    private final List<Lan.Host> hosts = new ArrayList<>();
    private final List<NodeProcess> nodes = new ArrayList<>();
    private final Map<String, Set<String>> holders = new LinkedHashMap<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private LanRing(Path directory, Lan lan, Lan.Host originHost, Process origin) throws IOException {
        this.directory = directory;
        this.lan = lan;
        this.originHost = originHost;
        this.origin = origin;
        certificates = new TestCertificates(directory, "certificates");
    }

    static LanRing open(Path directory) throws IOException, InterruptedException {
        Lan lan = Lan.open(directory);
        try {
            Lan.Host host = lan.host();
            return new LanRing(directory, lan, host, origin(directory, host));
        } catch (IOException | InterruptedException e) {
            lan.close();
            throw e;
        }
    }

    private static Process origin(Path directory, Lan.Host host) throws IOException {
        Files.createDirectories(blobs(directory));
        Path config = Files.writeString(
                directory.resolve("nginx.conf"), """
                    user root; daemon off; master_process off; pid %1$s/nginx.pid; error_log %1$s/nginx.log;
                    events {}
                    http {
                      access_log off; default_type application/octet-stream;
                      client_body_temp_path %1$s/t1; proxy_temp_path %1$s/t2; fastcgi_temp_path %1$s/t3;
                      uwsgi_temp_path %1$s/t4; scgi_temp_path %1$s/t5;
                      server { listen %2$s:%3$d; root %1$s/www; limit_rate_after 64k; limit_rate 512k; }
                    }
                    """.formatted(directory, host.address(), ORIGIN_PORT));
        List<String> command = new ArrayList<>(host.enter());
        command.addAll(List.of(
                "nginx",
                "-c",
                config.toString(),
                "-e",
                directory.resolve("nginx.log").toString()));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("nginx.out").toFile())
                .start();
    }

    private static Path blobs(Path directory) {
        return directory.resolve("www/v2/team/app/blobs");
    }

    Lan lan() {
        return lan;
    }

    /** All that were started, also those that are dead now; numbers are indexes. */
    List<NodeProcess> nodes() {
        return Collections.unmodifiableList(nodes);
    }

    Lan.Host hostOf(int number) {
        return hosts.get(number);
    }

    List<Lan.Host> hostsOf(List<Integer> numbers) {
        return numbers.stream().map(hosts::get).toList();
    }

    Set<String> names(Collection<Integer> numbers) {
        return numbers.stream().map(number -> nodes.get(number).name()).collect(Collectors.toCollection(TreeSet::new));
    }

    /** Starts more at once; returns when each is ready. The first two of all are everybody's seeds. */
    void grow(int size) throws IOException, InterruptedException {
        List<Integer> added = new ArrayList<>();
        for (int number = nodes.size(); number < size; number++) {
            Lan.Host host = lan.host();
            hosts.add(host);
            String endpoint = "http://" + originHost.address() + ":" + ORIGIN_PORT;
            Config.Tls files = certificates.member(CLUSTER, "n" + number, Instant.now());
            configs.add(NodeConfig.first(
                            directory.resolve("n" + number),
                            "n" + number,
                            List.of(NodeConfig.Registry.open(REGISTRY, URI.create(endpoint))))
                    .peer("address = \"" + host.address() + "\"")
                    .certificates(files.cert(), files.key(), files.ca()));
            added.add(number);
        }
        if (nodes.isEmpty()) {
            nodes.add(launch(added.removeFirst()));
        }
        nodes.addAll(atOnce(added.stream()
                .<Callable<NodeProcess>>map(number -> () -> launch(number))
                .toList()));
    }

    private NodeProcess launch(int number) throws IOException, InterruptedException {
        NodeConfig config = configs.get(number);
        return NodeProcess.start(
                number == 0 ? config : config.joining(nodes.getFirst().control()),
                hosts.get(number).enter(),
                SMALL);
    }

    /** Starts those that are dead again, with what they had. */
    void restartDead() throws IOException, InterruptedException {
        for (int number = 0; number < nodes.size(); number++) {
            if (!nodes.get(number).isAlive()) {
                nodes.set(number, launch(number));
            }
        }
    }

    private static <T> List<T> atOnce(List<Callable<T>> tasks) throws InterruptedException {
        List<T> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<T> task : threads.invokeAll(tasks)) {
                results.add(Cluster.outcomeOf(task));
            }
        }
        return results;
    }

    /** A daemon fetches a new blob from the origin; its digest. */
    String fetchNew(int number) throws IOException, InterruptedException {
        String digest = publish(("blob " + holders.size()).getBytes(StandardCharsets.UTF_8));
        lan.run(
                hosts.get(number),
                "curl -sSf -o /dev/null --retry 5 --retry-all-errors '%s'".formatted(url(number, digest)));
        holders.put(digest, Set.of(nodes.get(number).name()));
        return digest;
    }

    /** Puts a blob into the origin; its digest. */
    String publish(byte[] content) throws IOException {
        String digest = "sha256:" + sha256(content);
        Files.write(blobs(directory).resolve(digest), content);
        return digest;
    }

    private URI url(int number, String digest) {
        return nodes.get(number).mirror().resolve("/v2/team/app/blobs/" + digest + "?ns=" + REGISTRY);
    }

    /** These daemons begin to fetch a blob at once, for clients that ask again where they are sent upstream; what each client gets. */
    List<Future<String>> fetching(List<Integer> numbers, String digest) {
        holders.put(digest, names(numbers));
        return numbers.stream()
                .map(number -> threads.submit(() -> {
                    String file = nodes.get(number)
                            .config()
                            .directory()
                            .resolve("got")
                            .toString();
                    String line = "until curl -sSf -o " + file + " '" + url(number, digest)
                            + "' 2> /dev/null; do sleep 0.2; done; sha256sum < " + file;
                    return "sha256:" + lan.run(hosts.get(number), line).split(" ", 2)[0];
                }))
                .toList();
    }

    /** Bytes that these daemons took from the origin since they started. */
    long fromOrigin(Collection<Integer> numbers) throws IOException, InterruptedException {
        long bytes = 0;
        for (int number : numbers) {
            bytes += Cluster.fromOrigin(nodes.get(number));
        }
        return bytes;
    }

    /** The first in a digest's order, as the first daemon sees it. */
    int home(String digest) throws IOException {
        try (ControlClient client = ControlClient.open(nodes.getFirst().socket())) {
            String name = client.ringOrder(digest, 1).getMembers(0).getName();
            return all().stream()
                    .filter(number -> nodes.get(number).name().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Names and states, as one member sees the others and itself. An id that is listed twice fails the test. */
    Map<String, String> view(int number) throws IOException {
        try (ControlClient client = ControlClient.open(nodes.get(number).socket())) {
            Map<String, String> view = new TreeMap<>();
            for (MembersReply.Entry entry : client.members().getMembersList()) {
                String before = view.put(entry.getName(), entry.getState());
                assertThat(before).as("%s is there twice", entry.getName()).isNull();
            }
            return view;
        }
    }

    /** Waits until these members, asked one by one, all see exactly these others, and themselves, alive. */
    void awaitViews(List<Integer> asked, Set<String> alive) throws IOException, InterruptedException {
        for (int number : asked) {
            nodes.get(number).await("its view to be " + alive, CEILING, () -> alive.equals(living(view(number))));
        }
    }

    private static Set<String> living(Map<String, String> view) {
        return view.entrySet().stream()
                .filter(entry ->
                        !entry.getValue().equals("dead") && !entry.getValue().equals("left"))
                .map(entry ->
                        entry.getValue().equals("alive") ? entry.getKey() : entry.getKey() + " " + entry.getValue())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Waits until all see all alive, and each knows of every blob who holds it. */
    void awaitEqual() throws IOException, InterruptedException {
        List<Integer> all = all();
        awaitViews(all, names(all));
        for (int number : all) {
            NodeProcess node = nodes.get(number);
            try (ControlClient client = ControlClient.open(node.socket())) {
                for (Map.Entry<String, Set<String>> blob : holders.entrySet()) {
                    node.await(
                            "it to know the holders of " + blob.getKey(),
                            CEILING,
                            () -> blob.getValue().equals(holders(client, blob.getKey())));
                }
            }
        }
    }

    Set<String> holders(int number, String digest) throws IOException {
        try (ControlClient client = ControlClient.open(nodes.get(number).socket())) {
            return holders(client, digest);
        }
    }

    private static Set<String> holders(ControlClient client, String digest) throws IOException {
        return client.holders(digest, "").getBlobsList().stream()
                .flatMap(blob -> blob.getHoldersList().stream())
                .filter(HoldersReply.Holder::getComplete)
                .map(HoldersReply.Holder::getMember)
                .collect(Collectors.toSet());
    }

    List<Integer> all() {
        return allBut();
    }

    List<Integer> allBut(Integer... numbers) {
        List<Integer> others = new ArrayList<>();
        for (int number = 0; number < nodes.size(); number++) {
            others.add(number);
        }
        others.removeAll(List.of(numbers));
        return others;
    }

    /** Where each daemon's log ends now; for {@link #declaredDeadSince}. */
    Map<Path, Long> logEnds() throws IOException {
        Map<Path, Long> ends = new LinkedHashMap<>();
        for (NodeProcess node : nodes) {
            ends.put(node.log(), Files.size(node.log()));
        }
        return ends;
    }

    /** Whom anybody declared dead since then, whatever became of it: from the daemons' logs. */
    Set<String> declaredDeadSince(Map<Path, Long> ends) throws IOException {
        Set<String> names = new TreeSet<>();
        for (Map.Entry<Path, Long> end : ends.entrySet()) {
            String log = Files.readString(end.getKey(), StandardCharsets.ISO_8859_1);
            Matcher line = DECLARED_DEAD.matcher(log.substring(Math.toIntExact(end.getValue())));
            while (line.find()) {
                names.add(line.group(1));
            }
        }
        return names;
    }

    /** Ring messages that a daemon sent since it started. */
    double messagesSent(int number) throws IOException, InterruptedException {
        return nodes.get(number).metric("ringpull_ring_messages_sent", Map.of());
    }

    /** Waits until each of these has sent so many more ring messages: the ring's own measure of time. */
    void awaitMessages(List<Integer> numbers, int more) throws IOException, InterruptedException {
        Map<Integer, Double> enough = new LinkedHashMap<>();
        for (int number : numbers) {
            enough.put(number, messagesSent(number) + more);
        }
        for (Map.Entry<Integer, Double> member : enough.entrySet()) {
            Cluster.await(nodes.get(member.getKey()).name() + " to send " + more + " more messages", () -> {
                TimeUnit.MILLISECONDS.sleep(METRICS_INTERVAL_MILLIS); // a look costs four processes
                return messagesSent(member.getKey()) >= member.getValue();
            });
        }
    }

    /** Ring messages a second that a daemon sends, the mean of these, while so many are sent by each. */
    double messagesPerSecond(List<Integer> numbers, int messages) throws IOException, InterruptedException {
        long start = System.nanoTime();
        double before = 0;
        for (int number : numbers) {
            before += messagesSent(number);
        }
        awaitMessages(numbers, messages);
        double after = 0;
        for (int number : numbers) {
            after += messagesSent(number);
        }
        return (after - before) / numbers.size() / ((System.nanoTime() - start) / 1e9);
    }

    @Override
    public void close() {
        // Not one by one and in order: the ring is not to say farewell to anybody.
        lan.close();
        threads.shutdownNow();
        nodes.forEach(NodeProcess::close);
        origin.destroyForcibly();
    }
}
