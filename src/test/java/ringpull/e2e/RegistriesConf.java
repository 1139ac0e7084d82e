package ringpull.e2e;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;

/** How skopeo, podman and CRI-O are pointed at a mirror: docs/clients.md shows users the same. */
final class RegistriesConf {
    private RegistriesConf() {}

    /**
     * Writes a file that asks the mirror first, with the registry's name in the path, and the registry itself where the
     * mirror has no manifest.
     *
     * @param origin where the registry really is
     */
    static Path write(Path directory, String registry, URI mirror, URI origin) throws IOException {
        return Files.writeString(Files.createTempFile(directory, "registries", ".conf"), """
            [[registry]]
            prefix = "%1$s"
            location = "%2$s"
            insecure = true
            [[registry.mirror]]
            location = "%3$s/%1$s"
            insecure = true
            """.formatted(
                        registry, origin.getAuthority(), mirror.getAuthority()));
    }
}
