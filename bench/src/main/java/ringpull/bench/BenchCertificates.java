package ringpull.bench;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import ringpull.demo.NodeConfig;
import ringpull.pki.Authority;
import ringpull.pki.MemberFiles;

/** An authority, and a certificate of its own for each node on loopback and for the rival. */
final class BenchCertificates {
    private static final Duration LIFE = Duration.ofDays(2);

    private BenchCertificates() {}

    /** Makes the authority and the rival's certificate. */
    static NodeConfig.Certificates make(Run run) throws IOException {
        Authority.create("demo", Instant.now(), LIFE).write(run.directory(), true);
        return member(run, "origin");
    }

    /** Makes a node's, which is who it is in the ring: no two may have the same. */
    static NodeConfig.Certificates member(Run run, String name) throws IOException {
        MemberFiles files = MemberFiles.of(run.directory(), name);
        Authority authority = Authority.load(run.directory());
        files.issue(authority, Optional.empty(), List.of("127.0.0.1"), Instant.now(), LIFE, true);
        return new NodeConfig.Certificates(files.certificate(), files.key(), run.file(Authority.CERTIFICATE_FILE));
    }
}
