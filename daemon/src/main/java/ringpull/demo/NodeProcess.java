package ringpull.demo;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A Ringpull daemon as a child process of this one, with configuration, state, socket and log in one directory. Its addresses
 * are those of its {@code ready:} line, so that any port may be 0. Safe for many threads.
 */
public final class NodeProcess implements AutoCloseable {
    /** As the launcher's, which a test compares: the daemon's memory is bounded, it ends rather than limp on without, and compiles late. */
    private static final List<String> JVM_FLAGS = List.of(
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "-XX:MaxDirectMemorySize=256m",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:Tier4InvocationThreshold=50000",
            "-XX:Tier4MinInvocationThreshold=6000",
            "-XX:Tier4CompileThreshold=150000",
            "-XX:Tier4BackEdgeThreshold=400000");

    /** The AOT cache that the launcher has for daemons; it says so to those who start some. */
    private static final String CACHE_PROPERTY = "ringpull.daemon.cache";

    private static final String MAIN = "ringpull.Main";
    private static final String READY = "ready: ";
    private static final Duration READY_WAIT = Duration.ofMinutes(3);
    private static final Duration STOP_GRACE = Duration.ofSeconds(30);
    private static final Duration METRICS_WAIT = Duration.ofSeconds(60);
    private static final long POLL_MILLIS = 20;

    private final NodeConfig config;
    private final Path log;
    private final Process process;
    private final Map<String, String> addresses;
    private final List<String> enter;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(METRICS_WAIT)
            .build();

    private NodeProcess(
            NodeConfig config, Path log, Process process, Map<String, String> addresses, List<String> enter) {
        this.config = config;
        this.log = log;
        this.process = process;
        this.addresses = addresses;
        this.enter = List.copyOf(enter);
    }

    /**
     * Starts a daemon and waits until it is ready. Its directory may be that of a daemon that has ended: then it has that
     * one's state.
     *
     * @throws IOException with the end of its log, if it ends or is not ready within three minutes
     */
    public static NodeProcess start(NodeConfig config) throws IOException, InterruptedException {
        return start(config, List.of(), List.of());
    }

    /**
     * As {@link #start(NodeConfig)}, somewhere else.
     *
     * @param enter what to put before the command line: {@code ip netns exec NAME}; must become the daemon (exec)
     * @param jvmFlags in place of the usual ones, or beside them
     */
    public static NodeProcess start(NodeConfig config, List<String> enter, List<String> jvmFlags)
            throws IOException, InterruptedException {
        // The JVM's libraries unpack native code there, and one that is killed leaves it.
        Path temporary = Files.createDirectories(config.directory().resolve("tmp"));
        Path file = Files.writeString(config.directory().resolve("ringpull.toml"), config.toml());
        List<String> arguments = List.of("daemon", "--config", file.toString());
        Path log = config.directory().resolve("daemon.log");
        long before = Files.exists(log) ? Files.size(log) : 0;
        List<String> flags = new ArrayList<>(jvmFlags);
        flags.add("-Djava.io.tmpdir=" + temporary);
        Optional.ofNullable(System.getProperty(CACHE_PROPERTY)).ifPresent(cache -> flags.add("-XX:AOTCache=" + cache));
        List<String> command = new ArrayList<>(enter);
        command.addAll(command(flags, arguments));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        try {
            return new NodeProcess(config, log, process, awaitReady(process, log, before), enter);
        } catch (IOException | InterruptedException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** The command line that runs this same program with other arguments, in a Java like this one. */
    public static List<String> command(List<String> arguments) throws IOException {
        return command(List.of(), arguments);
    }

    private static List<String> command(List<String> flags, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM_FLAGS);
        command.addAll(flags);
        Path jar = jar();
        // Of libdisni, which DiSNI looks for there.
        command.add("-Djava.library.path=" + jar.resolveSibling(Path.of("native", System.getProperty("os.arch"))));
        if (Files.isRegularFile(jar)) {
            command.addAll(List.of("-jar", jar.toString()));
        } else {
            command.addAll(List.of(
                    "--enable-native-access=ALL-UNNAMED",
                    "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    MAIN));
        }
        command.addAll(arguments);
        return command;
    }

    /** The jar that this class came from, or a directory of classes. */
    private static Path jar() throws IOException {
        CodeSource source = NodeProcess.class.getProtectionDomain().getCodeSource();
        try {
            return Path.of(source.getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IOException("where this program lies is no path: " + source.getLocation(), e);
        }
    }

    private static Map<String, String> awaitReady(Process process, Path log, long from)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + READY_WAIT.toNanos();
        while (true) {
            boolean ended = process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
            Optional<Map<String, String>> ready = parseReady(tailFrom(log, from));
            if (ready.isPresent()) {
                return ready.get();
            }
            if (ended) {
                throw new IOException(
                        "the daemon ended with exit code " + process.exitValue() + ":\n" + Programs.tail(log));
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(
                        "the daemon was not ready within " + READY_WAIT.toSeconds() + " s:\n" + Programs.tail(log));
            }
        }
    }

    private static String tailFrom(Path log, long from) throws IOException {
        byte[] bytes = Files.readAllBytes(log);
        return new String(bytes, (int) from, bytes.length - (int) from, StandardCharsets.UTF_8);
    }

    /** The words {@code key=value} after {@code ready:} on a line that is complete; empty if there is none. */
    static Optional<Map<String, String>> parseReady(String log) {
        int start = log.indexOf(READY);
        int end = start < 0 ? -1 : log.indexOf('\n', start);
        if (end < 0) {
            return Optional.empty();
        }
        Map<String, String> addresses = new HashMap<>();
        for (String word : log.substring(start + READY.length(), end).trim().split("\\s+", -1)) {
            int equals = word.indexOf('=');
            if (equals > 0) {
                addresses.put(word.substring(0, equals), word.substring(equals + 1));
            }
        }
        return Optional.of(addresses);
    }

    private String address(String name) {
        @Nullable String address = addresses.get(name);
        if (address == null) {
            throw new IllegalStateException("the daemon's ready line names no " + name + ": " + addresses);
        }
        return address;
    }

    /** Name in the ring. */
    public String name() {
        return config.name();
    }

    /** Base URL of the mirror. */
    public URI mirror() {
        return URI.create("http://" + address("mirror"));
    }

    /** {@code host:port} of peer control; a seed for others. */
    public String control() {
        return address("control");
    }

    /** {@code host:port} of peer data. */
    public String data() {
        return address("data");
    }

    /** The command line's Unix socket. */
    public Path socket() {
        return Path.of(address("socket"));
    }

    /** What the daemon was configured with. */
    public NodeConfig config() {
        return config;
    }

    /** Output and errors of the process. */
    public Path log() {
        return log;
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /**
     * A figure of the metrics page: the sum over all series of this name that carry the labels; 0 if there is none yet,
     * since a counter appears with its first event.
     *
     * @param name as the page writes it, {@code ringpull_received_bytes_total}
     */
    public double metric(String name, Map<String, String> labels) throws IOException, InterruptedException {
        URI page = URI.create("http://" + address("metrics") + "/metrics");
        return sum(enter.isEmpty() ? fetch(page) : fetchThere(page), name, labels);
    }

    private String fetch(URI page) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(page).timeout(METRICS_WAIT).build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(page + " answers " + answer.statusCode());
        }
        return answer.body();
    }

    /** Loopback is another one where the daemon is. */
    private String fetchThere(URI page) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(enter);
        command.addAll(List.of("curl", "-sSf", page.toString()));
        Path output = Files.createTempFile(config.directory(), "metrics", ".txt");
        try {
            Programs.Outcome outcome = Programs.run(output, METRICS_WAIT, command);
            if (outcome.exit() != 0) {
                throw new IOException(page + " cannot be read where the daemon is:\n" + outcome.output());
            }
            return outcome.output();
        } finally {
            Files.delete(output);
        }
    }

    /** Of a page in Prometheus' text format. */
    static double sum(String page, String name, Map<String, String> labels) {
        return page.lines()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .filter(line -> labels.entrySet().stream()
                        .allMatch(label -> line.contains(label.getKey() + "=\"" + label.getValue() + "\"")))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** Something to wait for. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    /**
     * Polls until the condition holds.
     *
     * @param what completes "waited for …"
     * @throws IOException if {@code ceiling} passes or the daemon ends before it holds
     */
    public void await(String what, Duration ceiling, Condition condition) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + ceiling.toNanos();
        while (!condition.holds()) {
            boolean ended = process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
            if (ended || System.nanoTime() > deadline) {
                String why = ended ? name() + " ended" : ceiling.toSeconds() + " s passed";
                throw new IOException("waited for " + what + ", but " + why + ":\n" + Programs.tail(log));
            }
        }
    }

    /** SIGKILL, and waits for the end. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /**
     * SIGTERM, and waits for the end.
     *
     * @return the exit code
     * @throws IOException if it is still there after half a minute; then it is killed
     */
    public int stop() throws IOException, InterruptedException {
        process.destroy();
        if (!process.waitFor(STOP_GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly();
            throw new IOException(
                    name() + " did not end within " + STOP_GRACE.toSeconds() + " s of SIGTERM:\n" + Programs.tail(log));
        }
        return process.exitValue();
    }

    /** Ends it, whatever it takes; its files stay. */
    @Override
    public void close() {
        http.shutdownNow();
        Programs.end(process, STOP_GRACE);
    }
}
