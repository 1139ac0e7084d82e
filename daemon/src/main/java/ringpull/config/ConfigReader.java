package ringpull.config;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Every key, its default and its range, in the order of {@link Config}; then the rules between keys. */
final class ConfigReader {
    private static final int MAX_SEEDS = 64;
    private static final int MAX_RAILS = 8;
    private static final long MIN_RDMA_MEMORY = 32L << 20;
    private static final long MAX_NVMEOF_MEMORY = 4L << 40;
    private static final long MAX_RDMA_MEMORY = 64L << 30;
    private static final int MAX_REGISTRIES = 256;
    private static final int MAX_ENDPOINTS = 16;
    /** {@code sun_path} holds 108 bytes and a final zero. */
    private static final int MAX_SOCKET_PATH = 107;
    /** The most patient containerd waits 30 s for headers. */
    private static final Duration MAX_HEADER_WAIT = ofSeconds(30);

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,252}");
    private static final Pattern LABEL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/-]{0,62}|");
    private static final Pattern CLUSTER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final String HOST = "(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\\[[0-9A-Fa-f:.]{2,45}])";
    private static final String PORT =
            "(?::(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5]))?";
    private static final Pattern HOST_PORT = Pattern.compile(HOST + PORT);
    private static final Pattern SEED = Pattern.compile(
            HOST + PORT + "|file:/[^\\p{Cntrl}]{1,4000}|srv:_[A-Za-z0-9_-]{1,62}(?:\\.[A-Za-z0-9_-]{1,63}){1,40}\\.?");

    private final Keys root;

    ConfigReader(Keys root) {
        this.root = root;
    }

    Config read() {
        Config config = new Config(
                node(root.table("node")),
                peer(root.table("peer")),
                ring(root.table("ring")),
                store(root.table("store")),
                mirror(root.table("mirror")),
                registries(),
                handoff(root.table("handoff")),
                limits(root.table("limits")),
                helper(root.table("helper")),
                nvmeof(root.table("nvmeof")),
                metrics(root.table("metrics")),
                log(root.table("log")));
        root.end();
        portsDiffer(config);
        if (config.handoff().mode() == Config.HandoffMode.STREAMING
                && config.peer().tls().isEmpty()) {
            root.problem(
                    "",
                    "[handoff] mode \"streaming\" needs [peer] cert, key, ca: without them nobody knows which members"
                            + " agree; \"auto\" streams what it can");
        }
        nvmeofNeedsPlain(config);
        return config;
    }

    private static Config.Node node(Keys keys) {
        Config.Node node = new Config.Node(
                keys.find("name", Values.text(NAME, "letters, digits, '.', '_', '-'"))
                        .orElseGet(ConfigReader::hostName),
                keys.get("state", Path.of("/var/lib/ringpull"), Values::path),
                keys.get("control_socket", Path.of("/run/ringpull/control.sock"), Values::path),
                keys.get("rack", "", Values.text(LABEL, "at most 63 letters, digits, '.', '_', '/', '-'")),
                keys.get("zone", "", Values.text(LABEL, "at most 63 letters, digits, '.', '_', '/', '-'")),
                keys.get("stop_grace", ofSeconds(10), Values.duration(ZERO, ofMinutes(10))));
        int length = node.controlSocket().toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_SOCKET_PATH) {
            keys.problem("control_socket", "must be at most " + MAX_SOCKET_PATH + " bytes, is " + length);
        }
        keys.end();
        return node;
    }

    private static Config.Peer peer(Keys keys) {
        Optional<String> address = keys.find("address", Values::text);
        int controlPort = keys.get("control_port", 7746, Values::port);
        int dataPort = keys.get("data_port", 7747, Values::port);
        Optional<Path> cert = keys.find("cert", Values::path);
        Optional<Path> key = keys.find("key", Values::path);
        Optional<Path> ca = keys.find("ca", Values::path);
        Optional<Path> revoked = keys.find("revoked", Values::path);
        boolean insecure = keys.get("insecure", false, Values::flag);
        Config.Data data = keys.get("data", Config.Data.TLS, Values.oneOf(Config.Data.class));
        Config.Io io = keys.get("io", Config.Io.AUTO, Values.oneOf(Config.Io.class));

        Optional<Config.Tls> tls = Optional.empty();
        if (cert.isPresent() && key.isPresent() && ca.isPresent()) {
            tls = Optional.of(new Config.Tls(cert.get(), key.get(), ca.get(), revoked));
        } else if (cert.isPresent() || key.isPresent() || ca.isPresent()) {
            String missing = cert.isEmpty() ? "cert" : key.isEmpty() ? "key" : "ca";
            String present = cert.isPresent() ? "cert" : key.isPresent() ? "key" : "ca";
            keys.problem(present, "needs " + missing + " too: all three of cert, key, ca, or none");
        }
        if (tls.isEmpty() && revoked.isPresent()) {
            keys.problem("revoked", "needs cert, key, ca too");
        }
        if (tls.isPresent() && insecure) {
            keys.problem("insecure", "must be false where cert, key, ca are set");
        }
        if (data == Config.Data.PLAIN && cert.isEmpty() && key.isEmpty() && ca.isEmpty()) {
            keys.problem(
                    "data",
                    "needs cert, key, ca: it means plain text for members alone; without certificates the data port is"
                            + " plain text for all that reach it");
        }
        Config.Rdma rdma = rdma(keys);
        if (rdma.wanted() && (tls.isEmpty() || data != Config.Data.PLAIN)) {
            keys.problem("rdma", "needs cert, key, ca and data = \"plain\": RDMA carries blobs in plain text");
        }
        keys.end();
        return new Config.Peer(address, controlPort, dataPort, tls, insecure, data, io, rdma);
    }

    private static Config.Rdma rdma(Keys keys) {
        return new Config.Rdma(
                keys.get("rdma", List.of(), Values.list(MAX_RAILS, Values::text)),
                keys.get("rdma_port", Config.Rdma.PORT, Values::port),
                keys.get("rdma_memory", Config.Rdma.MEMORY_BYTES, Values.bytes(MIN_RDMA_MEMORY, MAX_RDMA_MEMORY)),
                keys.get("rdma_patience", Config.Rdma.PATIENCE, Values.duration(ofMillis(100), ofMinutes(1))),
                keys.get("rdma_spin", Duration.ZERO, Values.duration(Duration.ZERO, ofMillis(1))));
    }

    private static Config.Ring ring(Keys keys) {
        Config.Ring ring = new Config.Ring(
                keys.get("cluster", "default", Values.text(CLUSTER, "letters, digits, '.', '_', '-'")),
                keys.get(
                        "seeds",
                        List.of(),
                        Values.list(
                                MAX_SEEDS,
                                Values.text(
                                        SEED,
                                        "\"host\", \"host:port\", \"[IPv6]:port\", \"file:/path\" or"
                                                + " \"srv:_service._tcp.domain\" each"))),
                keys.get("announce", Config.Announce.CLUSTER, Values.oneOf(Config.Announce.class)),
                keys.get("weight", 1, Values::weight));
        keys.end();
        return ring;
    }

    private static Config.Store store(Keys keys) {
        Config.Store store = new Config.Store(
                keys.get("quota", new Config.Room.Share(0.2), Values::room),
                keys.get("min_free", new Config.Room.Share(0.2), Values::room),
                keys.get("scrub", ofDays(30), Values.duration(ZERO, ofDays(3650))));
        if (store.quota().of(Long.MAX_VALUE) == 0) {
            keys.problem("quota", "must be more than nothing");
        }
        keys.end();
        return store;
    }

    private static Config.Mirror mirror(Keys keys) {
        Config.Mirror mirror = new Config.Mirror(
                keys.get("address", "127.0.0.1", Values::ip),
                keys.get("port", 7745, Values::port),
                keys.get("tag_stale_max", ofHours(24), Values.duration(ZERO, ofDays(30))));
        keys.end();
        return mirror;
    }

    private List<Config.Registry> registries() {
        List<Config.Registry> registries = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Keys keys : root.tables("registry", MAX_REGISTRIES)) {
            Config.Registry registry = registry(keys);
            if (!names.add(registry.name()) && !registry.name().isEmpty()) {
                keys.problem("name", "\"" + registry.name() + "\" is written twice");
            }
            registries.add(registry);
        }
        return registries;
    }

    private static Config.Registry registry(Keys keys) {
        String name = keys.get("name", "", Values.text(HOST_PORT, "a registry's host or host:port"))
                .toLowerCase(Locale.ROOT);
        List<URI> endpoints = keys.get("endpoints", List.of(), Values.list(MAX_ENDPOINTS, Values::url));
        if (name.isEmpty()) {
            keys.problem("name", "is missing: the host (and port) as image references write it");
        } else if (endpoints.isEmpty()) {
            // An image of docker.io lives on another host than its name says.
            endpoints = List.of(URI.create("https://" + (name.equals("docker.io") ? "registry-1.docker.io" : name)));
        }
        Optional<String> username = keys.find("username", Values::text);
        Optional<String> password = keys.find("password", Values::text);
        Optional<Path> dockerConfig = keys.find("docker_config", Values::path);
        if (username.isPresent() != password.isPresent()) {
            keys.problem(username.isPresent() ? "username" : "password", "needs both username and password");
        }
        if (username.isPresent() && dockerConfig.isPresent()) {
            keys.problem("docker_config", "excludes username and password: one source of credentials");
        }
        Config.Registry registry = new Config.Registry(
                name,
                endpoints,
                username.flatMap(user -> password.map(secret -> new Config.Credential(user, secret))),
                dockerConfig,
                keys.find("ca", Values::path),
                keys.find("token_realm", Values::url));
        keys.end();
        return registry;
    }

    private static Config.Handoff handoff(Keys keys) {
        Config.Handoff handoff = new Config.Handoff(
                keys.get("mode", Config.HandoffMode.AUTO, Values.oneOf(Config.HandoffMode.class)),
                keys.get("header_wait", ofSeconds(10), Values.duration(ofMillis(100), MAX_HEADER_WAIT)),
                keys.get("body_wait", ofSeconds(60), Values.duration(ofMillis(200), ofHours(1))));
        if (handoff.headerWait().compareTo(handoff.bodyWait()) >= 0) {
            keys.problem("header_wait", "must be shorter than body_wait");
        }
        keys.end();
        return handoff;
    }

    private static Config.Limits limits(Keys keys) {
        Config.Limits limits = new Config.Limits(
                keys.get("upload", 0L, Values::rate),
                keys.get("download", 0L, Values::rate),
                keys.get("origin", 0L, Values::rate));
        keys.end();
        return limits;
    }

    private static Config.Helper helper(Keys keys) {
        Config.Helper helper =
                new Config.Helper(keys.get("socket", Path.of("/run/ringpull-helper/helper.sock"), Values::path));
        keys.end();
        return helper;
    }

    private static Config.Nvmeof nvmeof(Keys keys) {
        Config.Nvmeof nvmeof = new Config.Nvmeof(
                keys.get("enabled", false, Values::flag),
                keys.get("fabric", Config.Fabric.TCP, Values.oneOf(Config.Fabric.class)),
                keys.get("port", 4420, Values::port),
                keys.get("memory", 1L << 30, Values.bytes(0, MAX_NVMEOF_MEMORY)));
        if (nvmeof.port() == 0) {
            keys.problem("port", "must be a port from 1 to 65535: the kernel takes no free one by itself");
        }
        keys.end();
        return nvmeof;
    }

    private void nvmeofNeedsPlain(Config config) {
        if (config.nvmeof().enabled()
                && (config.peer().tls().isEmpty() || config.peer().data() != Config.Data.PLAIN)) {
            root.problem(
                    "",
                    "[nvmeof] enabled needs [peer] data = \"plain\" and cert, key, ca: blobs travel in plain text, and"
                            + " keys for readers over TLS");
        }
    }

    private static Config.Metrics metrics(Keys keys) {
        Config.Metrics metrics =
                new Config.Metrics(keys.get("address", "127.0.0.1", Values::ip), keys.get("port", 7748, Values::port));
        keys.end();
        return metrics;
    }

    private static Config.Log log(Keys keys) {
        Pattern levels = Pattern.compile("error|warn|info|debug");
        Config.Log log = new Config.Log(
                keys.get("level", "info", Values.text(levels, "\"error\", \"warn\", \"info\" or \"debug\"")));
        keys.end();
        return log;
    }

    private void portsDiffer(Config config) {
        Set<Integer> ports = new HashSet<>();
        List<Integer> all = List.of(
                config.mirror().port(),
                config.peer().controlPort(),
                config.peer().dataPort(),
                config.nvmeof().enabled() && config.nvmeof().fabric() == Config.Fabric.TCP
                        ? config.nvmeof().port()
                        : 0,
                config.metrics().port());
        for (int port : all) {
            if (port != 0 && !ports.add(port)) {
                root.problem(
                        "",
                        "port " + port + " is used twice among [mirror] port, [peer] control_port, [peer] data_port,"
                                + " [nvmeof] port, [metrics] port");
            }
        }
    }

    /** From the kernel: asking the resolver could wait for a network that is not up yet. */
    private static String hostName() {
        try {
            String name = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
            return NAME.matcher(name).matches() ? name : "localhost";
        } catch (IOException e) {
            return "localhost";
        }
    }
}
