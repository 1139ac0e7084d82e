package ringpull.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import ringpull.config.Config;

/** A certificate authority of a test's own and what it signed, made by the {@code openssl} program. */
public final class TestCertificates {
    private static final List<String> NEW_KEY =
            List.of("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes");

    private final Path folder;

    /** Makes an authority; its files go into a new folder under this one. */
    public TestCertificates(Path parent, String name) throws IOException, InterruptedException {
        folder = Files.createDirectory(parent.resolve(name));
        List<String> command = new ArrayList<>(List.of("req", "-x509", "-days", "2", "-subj", "/CN=" + name));
        command.addAll(NEW_KEY);
        command.addAll(List.of("-keyout", file("ca.key"), "-out", file("ca.pem")));
        openssl(command);
    }

    /** A member's certificate, signed by this authority, for both directions. */
    public Config.Tls member(String name) throws IOException, InterruptedException {
        List<String> request = new ArrayList<>(List.of("req", "-new", "-subj", "/CN=" + name));
        request.addAll(NEW_KEY);
        request.addAll(List.of("-keyout", file(name + ".key"), "-out", file(name + ".csr")));
        openssl(request);
        openssl(List.of(
                "x509",
                "-req",
                "-days",
                "2",
                "-in",
                file(name + ".csr"),
                "-CA",
                file("ca.pem"),
                "-CAkey",
                file("ca.key"),
                "-CAcreateserial",
                "-out",
                file(name + ".pem")));
        return new Config.Tls(Path.of(file(name + ".pem")), Path.of(file(name + ".key")), ca());
    }

    public Path ca() {
        return Path.of(file("ca.pem"));
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }

    private static void openssl(List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(arguments);
        command.addFirst("openssl");
        Path output = Files.createTempFile("openssl", ".out");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new IOException(Arrays.toString(command.toArray()) + " failed: " + Files.readString(output));
            }
        } finally {
            Files.delete(output);
        }
    }
}
