package ringpull.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import ringpull.demo.NodeConfig;

/** One authority and one certificate that it signed, for every node on loopback and for the rival. */
final class BenchCertificates {
    private static final List<String> NEW = List.of(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2");

    private BenchCertificates() {}

    static NodeConfig.Certificates make(Run run) throws IOException, InterruptedException {
        Path ca = run.file("ca.pem");
        Path caKey = run.file("ca.key");
        Path node = run.file("node.pem");
        Path key = run.file("node.key");
        openssl(run, "-subj", "/CN=bench CA", "-keyout", caKey.toString(), "-out", ca.toString());
        openssl(
                run,
                "-subj",
                "/CN=bench node",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-CA",
                ca.toString(),
                "-CAkey",
                caKey.toString(),
                "-keyout",
                key.toString(),
                "-out",
                node.toString());
        return new NodeConfig.Certificates(node, key, ca);
    }

    private static void openssl(Run run, String... more) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(NEW);
        command.addAll(List.of(more));
        run.seconds(command.toArray(String[]::new));
    }
}
