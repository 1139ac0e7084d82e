package ringpull.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Points containerd at the mirror for {@code ringpull setup containerd}. */
@FunctionalInterface
public interface ContainerdSetup {
    /**
     * Writes {@code hosts.toml}, then reads containerd's configuration. Doing it again changes nothing.
     *
     * @throws IOException if it could not be done; the message says what to do
     */
    Outcome apply(Request request) throws IOException;

    /**
     * @param registry as image references write it; empty: all that have no directory of their own
     * @param hostsDirectory containerd's {@code config_path}
     * @param containerdConfig containerd's {@code config.toml}; need not exist
     * @param mirror {@code http://host:port}
     * @param force replaces a {@code hosts.toml} that somebody else wrote, and keeps a copy
     */
    record Request(Optional<String> registry, Path hostsDirectory, Path containerdConfig, URI mirror, boolean force) {}

    /**
     * @param written files that are now as they should be
     * @param backups copies of what they replaced
     * @param findings what still keeps containerd from asking the mirror
     */
    record Outcome(List<Path> written, List<Path> backups, List<Finding> findings) {
        public Outcome {
            written = List.copyOf(written);
            backups = List.copyOf(backups);
            findings = List.copyOf(findings);
        }
    }

    /** @param remedy what to do, with the exact text and commands; may have several lines */
    record Finding(String problem, String remedy) {}
}
