package ringpull.containerd;

import java.io.IOException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Points containerd at the mirror: writes {@code hosts.toml}, then reads containerd's configuration, and never changes it.
 *
 * @param hostsDirectory containerd's {@code config_path}
 * @param containerdConfig containerd's {@code config.toml}; need not exist
 * @param registry host and perhaps port as image references write it; empty: all registries that have no directory of their
 *     own
 * @param mirror {@code http://host:port} of the daemon's mirror
 * @param force replaces a {@code hosts.toml} that somebody else wrote, and keeps a copy
 */
public record Setup(Path hostsDirectory, Path containerdConfig, Optional<String> registry, URI mirror, boolean force) {
    public static final Path HOSTS_DIRECTORY = Path.of("/etc/containerd/certs.d");
    public static final Path CONTAINERD_CONFIG = Path.of("/etc/containerd/config.toml");

    private static final Pattern REGISTRY =
            Pattern.compile("(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\\[[0-9A-Fa-f:.]{2,45}])(?::\\d{1,5})?");

    private static final Pattern MIRROR = Pattern.compile("http://[A-Za-z0-9.:\\[\\]-]+:\\d{1,5}/?");

    /** Writes, then looks. Doing it again changes nothing. */
    public SetupOutcome apply() throws SetupFailed {
        if (registry.isPresent() && !REGISTRY.matcher(registry.get()).matches()) {
            throw new SetupFailed(
                    "\"" + registry.get() + "\" is no registry: write host or host:port, as image references"
                            + " do, without https:// and path");
        }
        if (!MIRROR.matcher(mirror.toString()).matches()) {
            throw new SetupFailed("\"" + mirror + "\" is no mirror of ours: write http://host:port");
        }
        if (!hostsDirectory.isAbsolute()) {
            throw new SetupFailed("\"" + hostsDirectory + "\" must be an absolute path, as containerd wants it");
        }
        try {
            List<Path> written = new ArrayList<>();
            List<Path> backups = new ArrayList<>();
            List<Finding> findings = new ArrayList<>();
            HostsDirectory hosts = new HostsDirectory(hostsDirectory, mirror);
            hosts.write(registry, force, written, backups, findings);
            if (registry.isEmpty()) {
                findings.addAll(hosts.shadowsOfDefault());
            }
            findings.addAll(ContainerdConfig.read(containerdConfig).findings(hostsDirectory));
            return new SetupOutcome(written, backups, findings);
        } catch (AccessDeniedException e) {
            throw new SetupFailed("no permission for " + e.getFile() + ": run this as root", e);
        } catch (IOException e) {
            throw new SetupFailed("containerd's files cannot be read or written: " + e, e);
        }
    }
}
