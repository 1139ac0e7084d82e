package ringpull.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An authority of its own and certificates from it, made by openssl. */
public final class TestCertificates {
    private final Path folder;

    private TestCertificates(Path folder) {
        this.folder = folder;
    }

    /** Makes a new authority in this folder. */
    public static TestCertificates in(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        TestCertificates certificates = new TestCertificates(folder);
        certificates.openssl(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout ca.key -out ca.pem",
                "-subj",
                "/CN=Ringpull test authority");
        return certificates;
    }

    /** PEM file of the authority. */
    public Path ca() {
        return folder.resolve("ca.pem");
    }

    /**
     * Issues a server's certificate.
     *
     * @param names as openssl writes them: {@code DNS:localhost}, {@code IP:127.0.0.1}
     */
    public Issued issue(String file, String... names) {
        openssl(
                "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes",
                "-keyout",
                file + ".key",
                "-out",
                file + ".csr",
                "-subj",
                "/CN=" + file);
        try {
            Files.writeString(folder.resolve(file + ".ext"), "subjectAltName=" + String.join(",", names) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        openssl(
                "x509 -req -days 2 -CA ca.pem -CAkey ca.key -CAcreateserial",
                "-in",
                file + ".csr",
                "-out",
                file + ".pem",
                "-extfile",
                file + ".ext");
        return new Issued(folder.resolve(file + ".pem"), folder.resolve(file + ".key"));
    }

    private void openssl(String words, String... arguments) {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(words.split(" ", -1)));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            folder.resolve("openssl.log").toFile()))
                    .start();
            if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new IllegalStateException(command + ": " + Files.readString(folder.resolve("openssl.log")));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** PEM files. */
    public record Issued(Path certificate, Path key) {}
}
