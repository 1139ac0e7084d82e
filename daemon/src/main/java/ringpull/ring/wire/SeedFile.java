package ringpull.ring.wire;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import ringpull.ring.Address;

/**
 * A file that a scheduler or a configuration tool writes: a {@code host} or {@code host:port} a line, and {@code #} begins a
 * comment. It may name every node: a few of them, another few each time, are enough to meet the ring.
 */
record SeedFile(Path file) implements SeedSource {
    static final String PREFIX = "file:/";

    /** So many names are looked up at a time. */
    static final int SAMPLE = 8;

    private static final int BYTES_MAX = 4 << 20;

    static SeedFile parse(String text) {
        return new SeedFile(Path.of(text.substring(PREFIX.length() - 1)));
    }

    @Override
    public List<Address> resolve() throws IOException {
        List<String> lines = lines();
        if (lines.isEmpty()) {
            throw new IOException(file + " names no host");
        }
        Collections.shuffle(lines);
        List<Address> addresses = new ArrayList<>();
        String problem = "";
        for (String line : lines.subList(0, Math.min(SAMPLE, lines.size()))) {
            try {
                addresses.addAll(HostPort.parse(line).resolve());
            } catch (IOException | IllegalArgumentException e) {
                problem = file + ": " + line + ": " + e.getMessage();
            }
        }
        if (addresses.isEmpty()) {
            throw new IOException(problem);
        }
        return addresses;
    }

    private List<String> lines() throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(BYTES_MAX + 1);
            if (bytes.length > BYTES_MAX) {
                throw new IOException(file + " is larger than 4 MiB");
            }
            List<String> lines = new ArrayList<>();
            for (String line : new String(bytes, StandardCharsets.UTF_8).lines().toList()) {
                String host = line.replaceFirst("#.*", "").strip();
                if (!host.isEmpty()) {
                    lines.add(host);
                }
            }
            return lines;
        } catch (NoSuchFileException e) {
            throw new IOException(file + " does not exist", e);
        }
    }
}
