package ringpull.os;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Who listens on a TCP port of this host, for the message that a port is in use. Reads {@code /proc}; any thread. */
public final class PortOwner {
    private static final String LISTEN = "0A";
    private static final int MAX_SOCKETS = 1_000_000;

    private PortOwner() {}

    /**
     * @return {@code "pid 123 (nginx)"}, or {@code "a process of uid 0"} where this process may not look closer; empty if
     *     nobody listens
     */
    public static Optional<String> of(int port) {
        return of(Path.of("/proc"), port);
    }

    static Optional<String> of(Path proc, int port) {
        Map<String, String> users = new HashMap<>();
        for (String table : List.of("net/tcp", "net/tcp6")) {
            users.putAll(listeners(proc.resolve(table), port));
        }
        if (users.isEmpty()) {
            return Optional.empty();
        }
        return process(proc, users)
                .or(() -> Optional.of(
                        "a process of uid " + users.values().iterator().next()));
    }

    /** From the inode of each socket that listens on the port to the uid of its owner. */
    private static Map<String, String> listeners(Path table, int port) {
        String suffix = String.format(":%04X", port);
        Map<String, String> users = new HashMap<>();
        try (BufferedReader lines = Files.newBufferedReader(table)) {
            lines.lines().skip(1).limit(MAX_SOCKETS).forEach(line -> {
                // sl, local address, remote address, state, queues, timer, retransmits, uid, timeout, inode
                String[] columns = line.strip().split("\\s+", 11);
                if (columns.length > 9 && columns[1].endsWith(suffix) && columns[3].equals(LISTEN)) {
                    users.put(columns[9], columns[7]);
                }
            });
        } catch (IOException e) {
            // No IPv6 on this host, or no /proc: then nothing is known.
        }
        return users;
    }

    private static Optional<String> process(Path proc, Map<String, String> users) {
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(proc, "[1-9]*")) {
            for (Path process : processes) {
                if (holdsOne(process, users)) {
                    return Optional.of("pid " + process.getFileName() + " (" + command(process) + ")");
                }
            }
        } catch (IOException e) {
            // Told by uid alone.
        }
        return Optional.empty();
    }

    private static boolean holdsOne(Path process, Map<String, String> users) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path descriptor : descriptors) {
                String target = target(descriptor);
                if (target.startsWith("socket:[")
                        && users.containsKey(target.substring("socket:[".length(), target.length() - 1))) {
                    return true;
                }
            }
        } catch (IOException | RuntimeException e) {
            // Another user's process, or one that ended meanwhile.
        }
        return false;
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            return "";
        }
    }

    private static String command(Path process) {
        try {
            return Files.readString(process.resolve("comm")).strip();
        } catch (IOException e) {
            return "unknown";
        }
    }
}
