package ringpull.demo;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;

/**
 * A containerd with root, state, socket and hosts directory of its own under one directory, never the system's. It runs in a
 * mount namespace of its own, so that no mount outlives it. Needs root. Safe for many threads.
 */
public final class Containerd implements AutoCloseable {
    /** containerd's own limit is that of a Unix socket's path. */
    private static final int SOCKET_PATH_MAX = 107;

    /** Newer releases pull the manifests of all platforms otherwise. */
    private static final String SKIP_METADATA = "--skip-metadata";

    private static final Duration START_WAIT = Duration.ofSeconds(60);
    private static final Duration PULL_WAIT = Duration.ofMinutes(15);
    private static final Duration STOP_GRACE = Duration.ofSeconds(10);
    private static final long POLL_MILLIS = 20;
    private static final int BUFFER = 1 << 20;

    private final Path directory;
    private final Process process;
    private String snapshotter = "native";
    private boolean takesMetadata;

    private Containerd(Path directory, Process process) {
        this.directory = directory;
        this.process = process;
    }

    /** Empty where a containerd of our own can run; else the reason why not. */
    public static Optional<String> unavailable() {
        for (String program : List.of("containerd", "ctr", "unshare")) {
            if (Programs.find(program).isEmpty()) {
                return Optional.of(program + " is not installed");
            }
        }
        return Programs.isRoot() ? Optional.empty() : Optional.of("containerd needs root");
    }

    /** Starts one without the CRI service and waits until it answers. */
    public static Containerd start(Path directory) throws IOException, InterruptedException {
        return start(directory, false);
    }

    /**
     * Starts one and waits until it answers.
     *
     * @param directory new or empty, or that of a containerd that has ended; short, since the socket's path must fit in 107
     *     bytes
     * @param cri whether kubelet's gRPC service runs too, with the same hosts directory
     * @throws IOException with the end of its log if it does not come up
     */
    public static Containerd start(Path directory, boolean cri) throws IOException, InterruptedException {
        Path socket = directory.resolve("c.sock");
        if (socket.toString().length() > SOCKET_PATH_MAX) {
            throw new IOException("too long for a Unix socket, take a shorter directory: " + socket);
        }
        for (String name : List.of("hosts", "tmp", "cni")) {
            Files.createDirectories(directory.resolve(name));
        }
        Path config = Files.writeString(directory.resolve("config.toml"), config(directory, cri));
        ProcessBuilder builder = new ProcessBuilder(
                        program("unshare"),
                        "--mount",
                        "--propagation",
                        "private",
                        program("containerd"),
                        "--config",
                        config.toString(),
                        "--log-level",
                        "info")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log(directory).toFile()));
        builder.environment().put("TMPDIR", directory.resolve("tmp").toString());
        builder.environment().remove("NOTIFY_SOCKET");
        Containerd containerd = new Containerd(directory, builder.start());
        try {
            containerd.awaitReady();
        } catch (IOException | InterruptedException e) {
            containerd.close();
            throw e;
        }
        return containerd;
    }

    private static String config(Path directory, boolean cri) {
        List<String> disabled = new ArrayList<>(List.of(
                "io.containerd.internal.v1.opt",
                "io.containerd.internal.v1.restart",
                "io.containerd.tracing.processor.v1.otlp",
                "io.containerd.internal.v1.tracing",
                "io.containerd.snapshotter.v1.aufs",
                "io.containerd.snapshotter.v1.blockfile",
                "io.containerd.snapshotter.v1.btrfs",
                "io.containerd.snapshotter.v1.devmapper",
                "io.containerd.snapshotter.v1.zfs",
                "io.containerd.nri.v1.nri"));
        if (!cri) {
            disabled.addAll(List.of(
                    "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"));
        }
        String names = String.join(
                ", ", disabled.stream().map(name -> '"' + name + '"').toList());
        return """
            version = 2
            root = "%1$s/root"
            state = "%1$s/state"
            disabled_plugins = [%2$s]
            [grpc]
              address = "%1$s/c.sock"
            [plugins."io.containerd.grpc.v1.cri"]
              stream_server_address = "127.0.0.1"
              stream_server_port = "0"
              [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "%1$s/cni"
                conf_dir = "%1$s/cni"
              [plugins."io.containerd.grpc.v1.cri".registry]
                config_path = "%1$s/hosts"
            """.formatted(directory, names);
    }

    private static String program(String name) throws IOException {
        return Programs.find(name)
                .orElseThrow(() -> new IOException(name + " is not installed"))
                .toString();
    }

    private void awaitReady() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + START_WAIT.toNanos();
        while (true) {
            Programs.Outcome plugins = ctr(START_WAIT, "plugins", "ls");
            if (plugins.exit() == 0) {
                boolean overlay = plugins.output().lines().anyMatch(Containerd::isWorkingOverlay);
                snapshotter = overlay ? "overlayfs" : "native";
                takesMetadata =
                        ctr(START_WAIT, "images", "pull", "--help").output().contains(SKIP_METADATA);
                return;
            }
            boolean ended = process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
            if (ended || System.nanoTime() > deadline) {
                throw new IOException("containerd does not answer:\n" + Programs.tail(log(directory)));
            }
        }
    }

    private static boolean isWorkingOverlay(String line) {
        List<String> words = List.of(line.trim().split("\\s+"));
        return words.contains("overlayfs") && words.getLast().equals("ok");
    }

    /**
     * Writes {@code hosts.toml} for a registry: the mirror first, then the origin. Read at the next pull.
     *
     * @param registry as image references write it
     */
    public void mirror(String registry, URI mirror, URI origin) throws IOException {
        hosts(
                registry,
                "server = \"" + origin + "\"\n\n[host.\"" + mirror + "\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
    }

    /** Writes {@code hosts.toml} for a registry that is asked directly, at this address. */
    public void direct(String registry, URI origin) throws IOException {
        hosts(
                registry,
                "server = \"" + origin + "\"\n\n[host.\"" + origin + "\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
    }

    private void hosts(String registry, String toml) throws IOException {
        Path hosts = Files.createDirectories(hosts().resolve(registry));
        Files.writeString(hosts.resolve("hosts.toml"), toml);
    }

    /**
     * Pulls and unpacks an image for this host's platform with {@code ctr}.
     *
     * @throws IOException with what ctr said, if it fails
     */
    public void pull(ImageName image) throws IOException, InterruptedException {
        Programs.Outcome outcome = tryPull(image);
        if (outcome.exit() != 0) {
            throw new IOException("ctr could not pull " + image + ":\n" + outcome.output());
        }
    }

    /** As {@link #pull}, with more of ctr's options, but the exit code and the output instead of an exception. */
    public Programs.Outcome tryPull(ImageName image, String... options) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("images", "pull", "--snapshotter", snapshotter));
        words.addAll(List.of("--hosts-dir", hosts().toString()));
        if (takesMetadata) {
            words.add(SKIP_METADATA);
        }
        words.addAll(List.of(options));
        words.add(image.toString());
        return ctr(PULL_WAIT, words.toArray(String[]::new));
    }

    /**
     * Runs {@code ctr} against this containerd.
     *
     * @throws IOException if it is still running after {@code ceiling}; then it is killed
     */
    public Programs.Outcome ctr(Duration ceiling, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program("ctr"), "--address", socket().toString()));
        command.addAll(List.of(arguments));
        Path output = Files.createTempFile(directory.resolve("tmp"), "ctr", ".out");
        try {
            return Programs.run(output, ceiling, command);
        } finally {
            Files.delete(output);
        }
    }

    /**
     * Hashes every blob in the content store.
     *
     * @return digest and length of each
     * @throws IOException if one is not what its name says
     */
    public Map<Digest, Long> verifiedContent() throws IOException {
        Map<Digest, Long> verified = new LinkedHashMap<>();
        Path store = contentStore();
        if (!Files.isDirectory(store)) {
            return verified;
        }
        try (Stream<Path> files = Files.list(store)) {
            for (Path file : files.sorted().toList()) {
                Digest name = Digest.parse("sha256:" + file.getFileName());
                try {
                    Digest found = hash(file);
                    if (!found.equals(name)) {
                        throw new IOException(file + " is " + found);
                    }
                    verified.put(name, Files.size(file));
                } catch (NoSuchFileException e) {
                    // Of an image that another one has replaced: containerd has just collected it.
                }
            }
        }
        return verified;
    }

    private static Digest hash(Path file) throws IOException {
        MessageDigest hash = LayerFile.sha256();
        byte[] buffer = new byte[BUFFER];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                hash.update(buffer, 0, read);
            }
        }
        return Digest.ofBytes(hash.digest());
    }

    /** Where complete blobs lie, under their digests' hex digits. */
    public Path contentStore() {
        return directory.resolve("root/io.containerd.content.v1.content/blobs/sha256");
    }

    /** The gRPC socket. */
    public Path socket() {
        return directory.resolve("c.sock");
    }

    /** The hosts directory, for {@code config_path} and {@code --hosts-dir}. */
    public Path hosts() {
        return directory.resolve("hosts");
    }

    /** Output and errors of the process. */
    public Path log() {
        return log(directory);
    }

    private static Path log(Path directory) {
        return directory.resolve("containerd.log");
    }

    public long pid() {
        return process.pid();
    }

    /** SIGKILL, and waits for the end. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Ends it; its files stay. */
    @Override
    public void close() {
        Programs.end(process, STOP_GRACE);
    }
}
