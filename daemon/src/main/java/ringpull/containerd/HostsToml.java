package ringpull.containerd;

import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;

/**
 * What a {@code hosts.toml} says. Only words that every containerd from 1.6 on knows are written: an unknown one makes it
 * drop the whole file, and go upstream in silence.
 */
final class HostsToml {
    private static final String MARK =
            "# Written by \"ringpull setup containerd\", which replaces it; delete this file to undo that.\n";

    private HostsToml() {}

    /**
     * @param registry empty: for all registries
     * @param certificates file names in the same directory; once there is a {@code hosts.toml}, containerd looks at none that
     *     it does not name
     */
    static String of(Optional<String> registry, URI mirror, List<String> certificates) {
        StringBuilder text = new StringBuilder(MARK);
        registry.flatMap(HostsToml::server)
                .ifPresent(server -> text.append("server = \"").append(server).append("\"\n"));
        List<String> authorities = named(certificates, ".crt");
        if (!authorities.isEmpty()) {
            text.append("ca = [").append(quoted(authorities)).append("]\n");
        }
        List<String> clients = named(certificates, ".cert");
        if (!clients.isEmpty()) {
            text.append("client = [")
                    .append(clients.stream()
                            .map(client -> "[" + quoted(List.of(client, client.replaceFirst("\\.cert$", ".key"))) + "]")
                            .collect(Collectors.joining(", ")))
                    .append("]\n");
        }
        return text.append('\n').append(stanza(mirror)).toString();
    }

    /** The table that sends requests to the mirror first. */
    static String stanza(URI mirror) {
        return "[host.\"" + key(mirror) + "\"]\n  capabilities = [\"pull\", \"resolve\"]\n";
    }

    static boolean isOurs(String text) {
        return text.startsWith(MARK);
    }

    /** Somebody may have put the table into a file of their own. */
    static boolean asks(String text, URI mirror) {
        TomlParseResult toml = Toml.parse(text);
        if (toml.hasErrors() || !toml.isTable(List.of("host", key(mirror)))) {
            return false;
        }
        List<String> path = List.of("host", key(mirror), "capabilities");
        TomlArray capabilities = toml.isArray(path) ? toml.getArray(path) : null;
        return capabilities == null
                || capabilities.isEmpty()
                || capabilities.toList().containsAll(List.of("pull", "resolve"));
    }

    /** containerd itself picks plain HTTP for a registry on localhost, so nothing is written for one. */
    private static Optional<String> server(String registry) {
        String host = registry.replaceFirst(":\\d+$", "");
        if (host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]")) {
            return Optional.empty();
        }
        return Optional.of("https://" + (registry.equals("docker.io") ? "registry-1.docker.io" : registry));
    }

    private static String key(URI mirror) {
        return mirror.getScheme() + "://" + mirror.getRawAuthority();
    }

    private static List<String> named(List<String> certificates, String extension) {
        return certificates.stream()
                .filter(name -> name.endsWith(extension))
                .sorted()
                .toList();
    }

    private static String quoted(List<String> names) {
        return names.stream().map(name -> "\"" + Toml.tomlEscape(name) + "\"").collect(Collectors.joining(", "));
    }
}
