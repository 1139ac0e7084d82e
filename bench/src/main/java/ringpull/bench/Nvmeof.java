package ringpull.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Blobs as disks beside a plain reader in C of the same disk, in a guest. Compiles the C, starts the guest, and passes on what
 * is measured there.
 */
final class Nvmeof {
    private final Run run;

    Nvmeof(Run run) {
        this.run = run;
    }

    String measure() throws IOException, InterruptedException {
        String launcher = System.getenv("RINGPULL_TEST_VM");
        if (launcher == null) {
            throw new IOException("RINGPULL_TEST_VM names no launcher of guests, and this host's kernel is left alone");
        }
        Path reader = run.file("reader");
        run.seconds(
                "sh", "-c", "exec ${CC:-cc} -std=c11 -pthread -O2 bench/nvmeof/reader.c native/src/*.c -o " + reader);
        Path target = Path.of("daemon/target").toAbsolutePath();
        String classes = Path.of("bench/target/classes").toAbsolutePath() + ":" + target.resolve("ringpull.jar") + ":"
                + target.resolve("lib") + "/*";
        List<String> command = List.of(
                launcher,
                "-a",
                "uml",
                "-m",
                "2048",
                "-t",
                "280",
                "--",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=/run",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-cp",
                classes,
                "ringpull.bench.NvmeofReads",
                target.resolve("ringpull.jar").toString(),
                reader.toString(),
                Long.toString(run.number("--bytes", 128L << 20)),
                Long.toString(run.number("--rounds", Rounds.USUAL)));
        return run.measured(command);
    }
}
