package ringpull.containerd;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * containerd's directory of registries: one directory for each, the first that exists of {@code host_port_},
 * {@code host:port}, {@code _default} decides, with or without a {@code hosts.toml} in it.
 */
final class HostsDirectory {
    private static final String FILE = "hosts.toml";
    private static final String DEFAULT = "_default";
    private static final int MAX_FILE = 1 << 20;
    private static final int MAX_BACKUPS = 100;

    private final Path root;
    private final URI mirror;

    HostsDirectory(Path root, URI mirror) {
        this.root = root;
        this.mirror = mirror;
    }

    void write(Optional<String> registry, boolean force, List<Path> written, List<Path> backups, List<Finding> findings)
            throws IOException {
        Path directory = root.resolve(registry.map(this::directoryName).orElse(DEFAULT));
        Path file = directory.resolve(FILE);
        Optional<String> present = read(file);
        if (present.isPresent() && !HostsToml.isOurs(present.get())) {
            if (HostsToml.asks(present.get(), mirror)) {
                written.add(file);
                return;
            }
            if (!force) {
                findings.add(new Finding(
                        file + " was written by somebody else and does not name the mirror; it is left as it is",
                        "put this before its other [host] tables, or use --force to replace it (a copy is kept):\n\n"
                                + HostsToml.stanza(mirror)));
                return;
            }
            backups.add(keep(file));
        }
        Files.createDirectories(directory);
        String text = HostsToml.of(registry, mirror, names(directory));
        if (!present.equals(Optional.of(text))) {
            replace(file, text);
        }
        written.add(file);
    }

    /** Registries that have a directory of their own, by which {@code _default} is never asked. */
    List<Finding> shadowsOfDefault() throws IOException {
        List<Finding> findings = new ArrayList<>();
        for (String name : names(root)) {
            Path directory = root.resolve(name);
            if (name.equals(DEFAULT) || name.startsWith(".") || !Files.isDirectory(directory)) {
                continue;
            }
            Optional<String> text = read(directory.resolve(FILE));
            if (text.isEmpty() || !HostsToml.asks(text.get(), mirror)) {
                findings.add(new Finding(
                        directory + (text.isEmpty() ? " has no hosts.toml" : "/hosts.toml does not name the mirror")
                                + ": it hides _default, so this registry is asked directly",
                        "ringpull setup containerd " + registryName(name)));
            }
        }
        return findings;
    }

    /** The name that containerd would find first, if it is there; else the plain one. */
    private String directoryName(String registry) {
        int colon = registry.lastIndexOf(':');
        if (colon > 0 && !registry.endsWith("]")) {
            String first = registry.substring(0, colon) + "_" + registry.substring(colon + 1) + "_";
            if (Files.exists(root.resolve(first))) {
                return first;
            }
        }
        return registry;
    }

    private static String registryName(String directory) {
        return directory.replaceFirst("_(\\d+)_$", ":$1");
    }

    private static List<String> names(Path directory) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                names.add(String.valueOf(entry.getFileName()));
            }
        }
        names.sort(null);
        return names;
    }

    private static Optional<String> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file)) {
            return Optional.of(new String(in.readNBytes(MAX_FILE), StandardCharsets.UTF_8));
        }
    }

    private static Path keep(Path file) throws IOException {
        for (int i = 1; i <= MAX_BACKUPS; i++) {
            Path copy = file.resolveSibling(FILE + ".before-ringpull" + (i == 1 ? "" : "." + i));
            try {
                return Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
            } catch (FileAlreadyExistsException e) {
                // An older copy; it is kept too.
            }
        }
        throw new IOException(file.getParent() + " holds " + MAX_BACKUPS + " copies of hosts.toml: remove some");
    }

    /** containerd reads at any time: it sees the old file or the new one. */
    private static void replace(Path file, String text) throws IOException {
        Path temporary =
                file.resolveSibling("." + FILE + "." + ProcessHandle.current().pid());
        try {
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rw-r--r--"));
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
