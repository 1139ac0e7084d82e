package ringpull.guest;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import ringpull.demo.Programs;

/** A throw-away guest by the launcher that {@code RINGPULL_TEST_VM} names, with this machine's files inside. */
final class Guest {
    private static final String LAUNCHER = "RINGPULL_TEST_VM";
    private static final Path TARGET = Path.of(System.getProperty("ringpull.root", "."), "daemon/target")
            .toAbsolutePath()
            .normalize();
    private static final Path LIBRARIES = TARGET.resolve(Path.of("native", System.getProperty("os.arch")));
    private static final Duration CEILING = Duration.ofMinutes(25);

    private static final String NETWORK = """
        modprobe -a dummy rdma_rxe siw rdma_ucm ib_uverbs || true
        ip link add d0 type dummy
        for i in 1 2 3; do ip addr add 10.8.0.$i/24 dev d0; ip addr add fd00:8::$i/64 dev d0 nodad; done
        ip link set lo up
        ip link set d0 mtu 9000 up
        export RINGPULL_TEST_RDMA=10.8.0
        # A guest is slow at compiling, and at giving memory that was not used before: so for each Java in it.
        export JAVA_TOOL_OPTIONS='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmn16m'
        mkdir -p /run/tmp
        """;

    /** One Soft-RoCE device with three addresses. What goes from one to the other takes no route. */
    static final String SOFT_ROCE = NETWORK + "rdma link add rxe0 type rxe netdev d0\n";

    /** One soft iWARP device with three addresses, between which packets take the kernel's routes. */
    static final String SOFT_IWARP = NETWORK + "rdma link add siw0 type siw netdev d0\n";

    private final Path log;
    private final Kernel kernel;

    /** Whose kernel it has. */
    enum Kernel {
        /** User-Mode Linux, with all that tests want: as quick as a process. */
        USER_MODE("uml"),

        /** Debian's, interpreted by QEMU: some ten times slower, and nobody built it for tests. */
        STOCK("tcg");

        private final String name;

        Kernel(String name) {
            this.name = name;
        }
    }

    Guest(Path log, Kernel kernel) {
        this.log = log;
        this.kernel = kernel;
    }

    /** Skips the test, and says why, where no guest can be had or libdisni was not built. */
    static void assume() {
        assume(
                System.getenv(LAUNCHER) == null
                        ? LAUNCHER + " names no launcher of guests"
                        : !Files.exists(LIBRARIES.resolve("libdisni.so")) ? "libdisni was not built here" : "");
    }

    /** As {@link #assume()}, where there is no emulator either. */
    static void assumeStockKernel() {
        assume(
                Programs.find("qemu-system-x86_64").isEmpty()
                        ? "no qemu-system-x86_64 (Debian: qemu-system-x86)"
                        : !Programs.isRoot() ? "only root can start the emulator's file server" : "");
    }

    private static void assume(String why) {
        if (!why.isEmpty()) {
            System.out.println("RDMA tests do not run: " + why);
        }
        assumeTrue(why.isEmpty(), why);
    }

    /** Runs a script in it; what it printed. */
    Programs.Outcome run(String script) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Objects.requireNonNull(System.getenv(LAUNCHER)), "-a", kernel.name, "-m", "3072", "-t", "1440"));
        for (String variable : List.of("RINGPULL_TEST_SCALE", "CI")) {
            if (System.getenv(variable) != null) {
                command.addAll(List.of("-e", variable));
            }
        }
        command.addAll(List.of("--", "bash", "-c", "set -e\n" + script));
        return Programs.run(log, CEILING, command);
    }

    /** The command line of a JVM with these flags and these tests' classes. */
    static String java(String flags, String main, String... arguments) {
        return String.join(
                " ",
                System.getProperty("java.home") + "/bin/java",
                "-Xmx700m -ea -da:org.tomlj...",
                flags,
                "--enable-native-access=ALL-UNNAMED --add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                "-Djava.io.tmpdir=/run/tmp",
                "-Djava.library.path=" + LIBRARIES,
                "-Dringpull.root=" + TARGET.resolve("../..").normalize(),
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                System.getProperty("java.class.path"),
                main,
                String.join(" ", Arrays.asList(arguments)));
    }
}
