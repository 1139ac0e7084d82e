package ringpull.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import ringpull.config.Config;
import ringpull.pki.Authority;
import ringpull.pki.KeyFiles;
import ringpull.pki.MemberFiles;

/** A certificate authority of a test's own and what it signed, as files in a folder of their own. */
public final class TestCertificates {
    /** The ring that its members belong to. */
    public static final String CLUSTER = "test";

    private static final Duration LIFE = Duration.ofDays(2);

    private final Path folder;
    private final Authority authority;

    private TestCertificates(Path folder) throws IOException {
        this.folder = folder;
        this.authority = Authority.create(CLUSTER, Instant.now(), LIFE);
        authority.write(folder, false);
    }

    /** Makes an authority; its files go into a new folder under this one. */
    public TestCertificates(Path parent, String name) throws IOException {
        this(Files.createDirectory(parent.resolve(name)));
    }

    /** Makes an authority in this folder. */
    public static TestCertificates in(Path folder) {
        try {
            return new TestCertificates(Files.createDirectories(folder));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Authority authority() {
        return authority;
    }

    public Path ca() {
        return folder.resolve(Authority.CERTIFICATE_FILE);
    }

    /** A member's certificate, signed by this authority, for both directions. */
    public Config.Tls member(String name) throws IOException {
        return member(CLUSTER, name, Instant.now());
    }

    /** A member's certificate of whatever ring, as it would have been made at that time. */
    public Config.Tls member(String cluster, String name, Instant made) throws IOException {
        Authority.Request request = new Authority.Request(cluster, name, List.of());
        return write(authority.issue(request, made, LIFE), name);
    }

    /** Puts files for the member into the folder, in place of former ones. */
    public Config.Tls write(Authority.Issued issued, String name) throws IOException {
        MemberFiles files = MemberFiles.of(folder, name);
        KeyFiles.write(files.key(), issued.key(), true);
        KeyFiles.write(files.certificate(), issued.certificate(), true);
        return new Config.Tls(files.certificate(), files.key(), ca());
    }

    /**
     * A server's certificate.
     *
     * @param names as openssl writes them: {@code DNS:localhost}, {@code IP:127.0.0.1}
     */
    public Issued issue(String file, String... names) {
        List<String> addresses = Stream.of(names)
                .map(name -> name.substring(name.indexOf(':') + 1))
                .toList();
        try {
            Authority.Request request = new Authority.Request(CLUSTER, file, addresses);
            Config.Tls written = write(authority.issue(request, Instant.now(), LIFE), file);
            return new Issued(written.cert(), written.key());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** PEM files. */
    public record Issued(Path certificate, Path key) {}
}
