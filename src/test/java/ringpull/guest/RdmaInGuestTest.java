package ringpull.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.demo.Programs;

/** Everything that wants an RDMA device, on a kernel that has a soft one. */
class RdmaInGuestTest {
    private static final Path BUILD = Path.of(System.getProperty("ringpull.root", "."), "native", "build")
            .toAbsolutePath()
            .normalize();

    private static final String CHECKED = "checked libdisni's handles and connections";

    @TempDir
    Path directory;

    @BeforeEach
    void guest() {
        Guest.assume();
    }

    private Programs.Outcome run(Guest.Kernel kernel, String device, String script)
            throws IOException, InterruptedException {
        return new Guest(directory.resolve("guest.log"), kernel).run(device + script);
    }

    /** Our C without Java: every wrong order, and a connection that is refused beside each that is not. */
    @Test
    void libdisniHolds() throws Exception {
        // User-Mode Linux has no room for the sanitizer of addresses.
        Programs.Outcome outcome = run(Guest.Kernel.USER_MODE, Guest.SOFT_ROCE, checks("undefined", 40));

        assertThat(outcome.exit()).as(outcome.output()).isZero();
        assertThat(outcome.output()).contains(CHECKED);
    }

    /** Builds our C's test with these sanitizers, out here; the command that runs it inside. */
    private String checks(String sanitizers, int connections) throws IOException, InterruptedException {
        ProcessBuilder build = new ProcessBuilder(BUILD.toString(), "check-disni", directory.toString());
        build.environment().put("SANITIZE", sanitizers);
        int exit = build.inheritIO().start().waitFor();
        assumeTrue(exit != 77, "no C compiler or no headers here");
        assertThat(exit).isZero();
        return directory.resolve("disni_test") + " 10.8.0.1 " + connections + "\n";
    }

    /** In one guest and one Java, since starting these takes long. The Java that reads in this process has its JNI checked. */
    @Test
    void theTransportHoldsAndDaemonsPullOverIt() throws Exception {
        String output = passes(
                Guest.Kernel.USER_MODE,
                Guest.SOFT_ROCE,
                "-Xcheck:jni",
                "ringpull.transport.rdma.RdmaContractTest",
                "ringpull.transport.rdma.RdmaFaultsTest",
                "ringpull.transport.rdma.RdmaHostileTest",
                "ringpull.transport.rdma.RdmaRailsTest",
                "ringpull.e2e.RdmaPullTest");

        assertThat(output).doesNotContain("in native method", "a defect");
    }

    @Test
    void daemonsGoOnWhenTheCableIsPulled() throws Exception {
        passes(Guest.Kernel.USER_MODE, Guest.SOFT_IWARP, "", "ringpull.e2e.RdmaCableTest");
    }

    /** Nothing about User-Mode Linux makes it work, and our C frees what it allocates. Daemons would need a minute each to start there. */
    @Test
    void bytesComeOverItOnAStockKernel() throws Exception {
        Guest.assumeStockKernel();
        String output = passes(
                Guest.Kernel.STOCK,
                Guest.SOFT_ROCE + checks("address,undefined", 4),
                "",
                "ringpull.transport.rdma.RdmaContractTest#whatIsReadIsCountedOnBothSides");

        assertThat(output).contains(CHECKED);
    }

    private String passes(Guest.Kernel kernel, String device, String flags, String... tests)
            throws IOException, InterruptedException {
        Programs.Outcome outcome = run(kernel, device, Guest.java(flags, "ringpull.guest.GuestTests", tests));

        assertThat(outcome.exit()).as(outcome.output()).isZero();
        return outcome.output();
    }
}
