package ringpull.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import ringpull.demo.NodeConfig;
import ringpull.pki.Authority;
import ringpull.pki.MemberFiles;

/** One authority, and a certificate that it signed for each node on loopback and for the rival. */
record BenchCertificates(Path directory, Authority authority) {
    private static final Duration LIFE = Duration.ofDays(2);
    private static final String CLUSTER = "demo";

    static BenchCertificates make(Run run) throws IOException {
        Authority authority = Authority.create(CLUSTER, Instant.now(), LIFE);
        authority.write(run.directory(), true);
        return new BenchCertificates(run.directory(), authority);
    }

    /** Its own, because a member is known by its certificate. */
    NodeConfig.Certificates of(String name) throws IOException {
        MemberFiles files = MemberFiles.of(directory, name);
        files.issue(authority, Optional.empty(), List.of("127.0.0.1"), Instant.now(), LIFE, true);
        return new NodeConfig.Certificates(
                files.certificate(), files.key(), directory.resolve(Authority.CERTIFICATE_FILE));
    }
}
