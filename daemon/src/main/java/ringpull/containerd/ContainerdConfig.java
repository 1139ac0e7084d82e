package ringpull.containerd;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.tomlj.Toml;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/** What containerd's {@code config.toml}, and the files that it imports, say about registries. It is only read. */
final class ContainerdConfig {
    private static final int MAX_FILE = 1 << 20;
    private static final int MAX_IMPORTS = 100;
    private static final List<String> TABLE_1 = List.of("plugins", "cri", "registry");
    private static final List<String> TABLE_2 = List.of("plugins", "io.containerd.grpc.v1.cri", "registry");
    private static final List<String> TABLE_3 = List.of("plugins", "io.containerd.cri.v1.images", "registry");
    private static final List<String> CRI = List.of("cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images");
    private static final String RESTART = "systemctl restart containerd    (running containers stay)";

    private record Document(Path path, TomlParseResult toml) {}

    private final Path file;
    /** The file itself, then its imports, of which later ones take precedence; empty if there is no file. */
    private final List<Document> documents;

    private ContainerdConfig(Path file, List<Document> documents) {
        this.file = file;
        this.documents = documents;
    }

    static ContainerdConfig read(Path file) throws IOException {
        List<Document> documents = new ArrayList<>();
        if (Files.exists(file)) {
            Document main = parse(file);
            documents.add(main);
            if (main.toml().isArray("imports")) {
                for (Object pattern : main.toml().getArrayOrEmpty("imports").toList()) {
                    for (Path imported : matching(file, String.valueOf(pattern))) {
                        documents.add(parse(imported));
                    }
                }
            }
        }
        return new ContainerdConfig(file, documents);
    }

    /** Why pulls through CRI would not look into this directory; empty if they do. */
    List<Finding> findings(Path hostsDirectory) {
        for (Document document : documents) {
            if (document.toml().hasErrors()) {
                String error = document.toml().errors().getFirst().toString();
                return List.of(new Finding(
                        document.path() + " is no TOML: " + error, "correct it: containerd does not start with it"));
            }
        }
        if (disablesCri()) {
            return List.of(new Finding(
                    file + " disables CRI (disabled_plugins), so config_path is not read",
                    "for Kubernetes: take \"cri\" out of disabled_plugins; nerdctl looks into " + Setup.HOSTS_DIRECTORY
                            + " by itself; ctr needs --hosts-dir " + hostsDirectory));
        }
        List<Finding> findings = new ArrayList<>();
        pathProblem(hostsDirectory).ifPresent(problem -> findings.add(new Finding(problem, stanza(hostsDirectory))));
        findings.addAll(legacy());
        return findings;
    }

    private boolean disablesCri() {
        return documents.stream()
                .filter(document -> document.toml().isArray("disabled_plugins"))
                .flatMap(document -> document.toml().getArrayOrEmpty("disabled_plugins").toList().stream())
                .anyMatch(CRI::contains);
    }

    private Optional<String> pathProblem(Path hostsDirectory) {
        if (documents.isEmpty()) {
            return Optional.of(file + " does not exist, and containerd's own defaults pass the mirror by");
        }
        Object path = null;
        Path where = file;
        for (Document document : documents) {
            Object value = document.toml().get(key(table()));
            if (value != null) {
                path = value;
                where = document.path();
            }
        }
        if (path == null || path.equals("")) {
            return Optional.of(misplaced().orElse(file + " sets no config_path, so no hosts.toml is read"));
        }
        if (path.toString().contains(":")) {
            return Optional.of(where + " sets config_path = \"" + path
                    + "\": containerd from 2.1 on takes such a list for one directory, and finds nothing");
        }
        if (!same(path.toString(), hostsDirectory)) {
            return Optional.of(where + " sets config_path = \"" + path + "\", and hosts.toml is in " + hostsDirectory);
        }
        return Optional.empty();
    }

    /** The key stands where only a file of another version would have it. */
    private Optional<String> misplaced() {
        for (List<String> other : List.of(TABLE_1, TABLE_2, TABLE_3)) {
            for (Document document : documents) {
                if (!other.equals(table()) && document.toml().contains(key(other))) {
                    return Optional.of(document.path() + " sets config_path in " + header(other) + ", which version "
                            + version() + " of the file does not read");
                }
            }
        }
        return Optional.empty();
    }

    /** containerd's CRI refuses to start with these beside a config_path. */
    private List<Finding> legacy() {
        List<Finding> findings = new ArrayList<>();
        for (Document document : documents) {
            TomlTable registry =
                    document.toml().isTable(table()) ? document.toml().getTableOrEmpty(table()) : Toml.parse("");
            boolean mirrors = registry.isTable("mirrors")
                    && !registry.getTableOrEmpty("mirrors").isEmpty();
            boolean tls = registry.isTable("configs")
                    && registry.getTableOrEmpty("configs").keyPathSet(true).stream()
                            .anyMatch(path -> path.size() > 1 && path.get(1).equals("tls"));
            if (mirrors || tls) {
                String old = mirrors ? "mirrors" : "configs.*.tls";
                findings.add(new Finding(
                        document.path() + " has the old " + header(table()) + " " + old
                                + ", which excludes config_path: CRI does not start with both",
                        "write each of them as a hosts.toml of its registry, remove them here, then:\n" + RESTART));
            }
        }
        return findings;
    }

    private String stanza(Path hostsDirectory) {
        List<String> table = table();
        boolean fresh = documents.isEmpty() || documents.getFirst().toml().isEmpty();
        String place = "in " + file + " write:\n\n" + (fresh ? "version = 2\n\n" : "");
        if (!fresh && documents.getFirst().toml().isTable(table)) {
            place = "in " + file + " the table is there already"
                    + Optional.ofNullable(documents.getFirst().toml().inputPositionOf(table))
                            .map(position -> ", at line " + position.line())
                            .orElse("")
                    + "; make it say:\n\n";
        }
        return place + header(table) + "\n  config_path = \"" + Toml.tomlEscape(hostsDirectory.toString())
                + "\"\n\nthen:\n" + RESTART;
    }

    private long version() {
        TomlParseResult main =
                documents.isEmpty() ? Toml.parse("") : documents.getFirst().toml();
        return main.isEmpty() ? 2 : main.isLong("version") ? main.getLong("version", () -> 1) : 1;
    }

    private List<String> table() {
        long version = version();
        return version <= 1 ? TABLE_1 : version == 2 ? TABLE_2 : TABLE_3;
    }

    private static List<String> key(List<String> table) {
        List<String> path = new ArrayList<>(table);
        path.add("config_path");
        return path;
    }

    private static String header(List<String> table) {
        return table.stream()
                .map(name -> name.contains(".") ? "\"" + name + "\"" : name)
                .collect(Collectors.joining(".", "[", "]"));
    }

    private static boolean same(String path, Path directory) {
        try {
            return Path.of(path).normalize().equals(directory.normalize());
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private static Document parse(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new Document(file, Toml.parse(new String(in.readNBytes(MAX_FILE), StandardCharsets.UTF_8)));
        }
    }

    /** Relative patterns start at the file's directory; only the last part may hold wildcards. */
    private static List<Path> matching(Path file, String pattern) throws IOException {
        List<Path> paths = new ArrayList<>();
        try {
            Path full = file.resolveSibling(pattern);
            Path directory = full.getParent();
            if (directory != null && Files.isDirectory(directory)) {
                try (DirectoryStream<Path> entries =
                        Files.newDirectoryStream(directory, String.valueOf(full.getFileName()))) {
                    for (Path entry : entries) {
                        if (Files.isRegularFile(entry) && paths.size() < MAX_IMPORTS) {
                            paths.add(entry);
                        }
                    }
                }
            }
        } catch (InvalidPathException | PatternSyntaxException e) {
            throw new IOException(file + ": imports: \"" + pattern + "\" is no path", e);
        }
        paths.sort(null);
        return paths;
    }
}
