package ringpull.containerd;

import java.nio.file.Path;
import java.util.List;

/**
 * @param written files that were written, or were already as they should be
 * @param backups copies of what the written files replaced
 * @param findings what still needs a person's hand; empty: containerd asks the mirror from the next pull on
 */
public record SetupOutcome(List<Path> written, List<Path> backups, List<Finding> findings) {
    public SetupOutcome {
        written = List.copyOf(written);
        backups = List.copyOf(backups);
        findings = List.copyOf(findings);
    }
}
