package ringpull.config;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;

/** Reads the configuration file. No state; any thread. */
public final class ConfigFile {
    /** Where it is unless the command line says otherwise. */
    public static final Path STANDARD = Path.of("/etc/ringpull/ringpull.toml");

    private static final int MAX_BYTES = 1 << 20;

    private ConfigFile() {}

    /** @throws ConfigException if it cannot be read, or holds anything unknown, ill-typed or out of range */
    public static Config load(Path file) throws ConfigException {
        return parse(file.toString(), read(file));
    }

    /** What an empty file means; the node's name is this host's. */
    public static Config defaults() {
        try {
            return parse("defaults", "");
        } catch (ConfigException e) {
            throw new IllegalStateException("the built-in defaults are inconsistent", e);
        }
    }

    /** What is allowed but unwise, one line each, for the log at start. */
    public static List<String> warnings(Path file, Config config) {
        List<String> warnings = new ArrayList<>();
        if (!InetAddress.ofLiteral(config.mirror().address()).isLoopbackAddress()) {
            warnings.add(file + ": [mirror] address " + config.mirror().address()
                    + " is not loopback: whoever reaches it may read every image that this node may read, without"
                    + " credentials; use \"127.0.0.1\" unless the network in front of it is closed");
        }
        if (config.peer().insecure()) {
            warnings.add(file + ": [peer] insecure: every host that reaches the peer ports may read this node's blobs;"
                    + " set [peer] cert, key, ca instead");
        }
        for (Config.Registry registry : config.registries()) {
            boolean clear = registry.endpoints().stream().anyMatch(endpoint -> "http".equals(endpoint.getScheme()));
            boolean secret =
                    registry.credential().isPresent() || registry.dockerConfig().isPresent();
            if (clear && secret) {
                warnings.add(file + ": [[registry]] " + registry.name()
                        + " sends its credential over an http:// endpoint, readable on the way");
            }
        }
        boolean password = config.registries().stream()
                .anyMatch(registry -> registry.credential().isPresent());
        if (password && readableByAll(file)) {
            warnings.add(file + ": holds a password and every user can read it: chgrp ringpull, chmod 0640");
        }
        return warnings;
    }

    static Config parse(String file, String text) throws ConfigException {
        Problems problems = new Problems(file);
        TomlParseResult toml = Toml.parse(text);
        for (TomlParseError error : toml.errors()) {
            problems.add(error.position(), String.valueOf(error.getMessage()));
        }
        problems.throwIfAny();
        Config config = new ConfigReader(new Keys("", toml, problems)).read();
        problems.throwIfAny();
        return config;
    }

    private static String read(Path file) throws ConfigException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new ConfigException(List.of(file + ": larger than 1 MiB; this is no configuration of ours"));
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (NoSuchFileException e) {
            throw new ConfigException(List.of(file + ": no such file"));
        } catch (CharacterCodingException e) {
            throw new ConfigException(List.of(file + ": not UTF-8"));
        } catch (IOException e) {
            throw new ConfigException(List.of(file + ": cannot be read: " + e));
        }
    }

    private static boolean readableByAll(Path file) {
        try {
            return Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ);
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
