package ringpull.demo;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The configuration of a daemon that lives in one directory, on loopback unless changed. All ports are 0 (any free one)
 * unless changed.
 *
 * @param directory of the configuration file, state, control socket and log; short, since a socket's path must fit in 107
 *     bytes
 * @param seeds {@code host:port} of other daemons' peer control
 * @param quota as the file writes it: {@code 2 GiB}, {@code 20 %}
 * @param rack empty: none
 * @param mirrorPort 0 for any free one
 * @param certificates for both peer ports; empty: plain
 * @param peer the address and more lines of TOML for the table {@code [peer]}
 * @param more lines of TOML to append; may open tables that are not written here
 */
public record NodeConfig(
        Path directory,
        String name,
        String cluster,
        List<String> seeds,
        List<Registry> registries,
        Optional<String> quota,
        String rack,
        int mirrorPort,
        Optional<Certificates> certificates,
        String peer,
        String more) {
    private static final String LOOPBACK = "address = \"127.0.0.1\"";

    public NodeConfig {
        seeds = List.copyOf(seeds);
        registries = List.copyOf(registries);
    }

    /**
     * A registry that the daemon may fetch from.
     *
     * @param name as image references write it
     */
    public record Registry(
            String name, List<URI> endpoints, Optional<String> username, Optional<String> password, Optional<Path> ca) {
        public Registry {
            endpoints = List.copyOf(endpoints);
        }

        /** One that asks for no credentials, at one address. */
        public static Registry open(String name, URI endpoint) {
            return new Registry(name, List.of(endpoint), Optional.empty(), Optional.empty(), Optional.empty());
        }

        @Override
        public String toString() {
            return "Registry[" + name + ", " + endpoints + "]";
        }
    }

    /** PEM files. */
    public record Certificates(Path cert, Path key, Path ca) {}

    /** A daemon that starts a ring of its own. */
    public static NodeConfig first(Path directory, String name, List<Registry> registries) {
        return new NodeConfig(
                directory,
                name,
                "demo",
                List.of(),
                registries,
                Optional.empty(),
                "",
                0,
                Optional.empty(),
                LOOPBACK,
                "");
    }

    /** The same, joining a ring. */
    public NodeConfig joining(String... otherSeeds) {
        return new NodeConfig(
                directory,
                name,
                cluster,
                List.of(otherSeeds),
                registries,
                quota,
                rack,
                mirrorPort,
                certificates,
                peer,
                more);
    }

    /** The same with a quota of the store. */
    public NodeConfig quota(String text) {
        return new NodeConfig(
                directory,
                name,
                cluster,
                seeds,
                registries,
                Optional.of(text),
                rack,
                mirrorPort,
                certificates,
                peer,
                more);
    }

    /** The same with a mirror port that stays the same over restarts. */
    public NodeConfig mirrorPort(int port) {
        return new NodeConfig(directory, name, cluster, seeds, registries, quota, rack, port, certificates, peer, more);
    }

    /** The same with mutual TLS between members. */
    public NodeConfig certificates(Path cert, Path key, Path ca) {
        Optional<Certificates> files = Optional.of(new Certificates(cert, key, ca));
        return new NodeConfig(directory, name, cluster, seeds, registries, quota, rack, mirrorPort, files, peer, more);
    }

    /** The same in a rack. */
    public NodeConfig rack(String label) {
        return new NodeConfig(
                directory, name, cluster, seeds, registries, quota, label, mirrorPort, certificates, peer, more);
    }

    /** The same at another address than loopback, or with more in {@code [peer]}: TOML lines. */
    public NodeConfig peer(String... lines) {
        String table = String.join("\n", lines);
        return new NodeConfig(
                directory, name, cluster, seeds, registries, quota, rack, mirrorPort, certificates, table, more);
    }

    /** The same with these lines of TOML at the end. */
    public NodeConfig more(String toml) {
        return new NodeConfig(
                directory, name, cluster, seeds, registries, quota, rack, mirrorPort, certificates, peer, toml);
    }

    /** The file's text. */
    String toml() {
        List<String> lines = new ArrayList<>();
        lines.add("[node]");
        lines.add("name = " + quoted(name));
        lines.add("state = " + quoted(directory.resolve("state").toString()));
        lines.add("control_socket = " + quoted(directory.resolve("r.sock").toString()));
        lines.add("rack = " + quoted(rack));
        lines.add("stop_grace = \"10 s\"");
        lines.add("[peer]");
        lines.add(peer);
        lines.add("control_port = 0");
        lines.add("data_port = 0");
        certificates.ifPresent(files -> {
            lines.add("cert = " + quoted(files.cert.toString()));
            lines.add("key = " + quoted(files.key.toString()));
            lines.add("ca = " + quoted(files.ca.toString()));
        });
        lines.add("[ring]");
        lines.add("cluster = " + quoted(cluster));
        lines.add("seeds = " + array(seeds));
        lines.add("[store]");
        lines.add("min_free = \"0 %\"");
        quota.ifPresent(text -> lines.add("quota = " + quoted(text)));
        lines.add("[mirror]");
        lines.add("port = " + mirrorPort);
        lines.add("[metrics]");
        lines.add("port = 0");
        registries.forEach(registry -> lines.addAll(lines(registry)));
        lines.add(more);
        return String.join("\n", lines) + "\n";
    }

    private static List<String> lines(Registry registry) {
        List<String> lines = new ArrayList<>();
        lines.add("[[registry]]");
        lines.add("name = " + quoted(registry.name));
        lines.add("endpoints = "
                + array(registry.endpoints.stream().map(URI::toString).toList()));
        registry.username.ifPresent(text -> lines.add("username = " + quoted(text)));
        registry.password.ifPresent(text -> lines.add("password = " + quoted(text)));
        registry.ca.ifPresent(path -> lines.add("ca = " + quoted(path.toString())));
        return lines;
    }

    private static String array(List<String> texts) {
        return "[" + String.join(", ", texts.stream().map(NodeConfig::quoted).toList()) + "]";
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}
