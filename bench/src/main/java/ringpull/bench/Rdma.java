package ringpull.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * RDMA READs of the product beside those of a plain reader in C, on a soft device of a guest, or of this host where
 * {@code --address} names an RDMA device's. Compiles the C, starts the guest, and passes on what is measured there.
 */
final class Rdma {
    private static final String SOFT_DEVICE = """
        set -e
        modprobe -a dummy rdma_rxe rdma_ucm ib_uverbs
        ip link add d0 type dummy
        ip addr add 10.8.0.1/24 dev d0
        ip link set lo up
        ip link set d0 mtu 9000 up
        rdma link add rxe0 type rxe netdev d0
        mkdir -p /run/bench
        """;

    private final Run run;

    Rdma(Run run) {
        this.run = run;
    }

    String measure() throws IOException, InterruptedException {
        Path reader = run.file("reader");
        compile(reader);
        String address = run.text("--address", "");
        String rounds = Long.toString(run.number("--rounds", Rounds.USUAL));
        String bytes = Long.toString(run.number("--bytes", 128L << 20));
        List<String> command;
        if (address.isEmpty()) {
            String launcher = System.getenv("RINGPULL_TEST_VM");
            if (launcher == null) {
                throw new IOException("there is no RDMA device: RINGPULL_TEST_VM names no launcher of guests, and"
                        + " --address no address of a device here");
            }
            String inside = String.join(" ", java("/run/bench", reader, "10.8.0.1", bytes, rounds));
            command =
                    List.of(launcher, "-a", "uml", "-m", "2048", "-t", "280", "--", "bash", "-c", SOFT_DEVICE + inside);
        } else {
            command = java(run.directory().toString(), reader, address, bytes, rounds);
        }
        return run.measured(command);
    }

    private static List<String> java(String directory, Path reader, String... arguments) {
        Path target = Path.of("daemon/target").toAbsolutePath();
        String classes = Path.of("bench/target/classes").toAbsolutePath() + ":" + target.resolve("ringpull.jar") + ":"
                + target.resolve("lib") + "/*";
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                "-Djava.library.path=" + target.resolve(Path.of("native", System.getProperty("os.arch"))),
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-cp",
                "'" + classes + "'",
                "ringpull.bench.RdmaReads",
                directory,
                reader.toString()));
        if (!directory.equals("/run/bench")) {
            command.replaceAll(word -> word.replace("'", "")); // no shell reads it
        }
        command.addAll(List.of(arguments));
        return command;
    }

    private void compile(Path reader) throws IOException, InterruptedException {
        run.seconds(
                "sh",
                "-c",
                "exec ${CC:-cc} -std=c11 -D_GNU_SOURCE -pthread -O2 bench/rdma/reader.c native/disni/handles.c"
                    + " native/disni/cm.c native/disni/port.c native/disni/verbs.c native/src/*.c -lrdmacm -libverbs"
                    + " -o "
                        + reader);
    }
}
