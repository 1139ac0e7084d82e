package ringpull.e2e;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ringpull.guest.GuestProgram;

/** The helper's unit where there is something to show and to read. Takes minutes: only where RINGPULL_TEST_SCALE is above 1. */
class HelperUnitOnKernelTest {
    @TestFactory
    Stream<DynamicTest> scenarios() throws IOException, InterruptedException {
        double scale = Double.parseDouble(System.getenv().getOrDefault("RINGPULL_TEST_SCALE", "1"));
        assumeTrue(
                scale > 1, "HelperUnitOnKernel does not run: it takes minutes, and RINGPULL_TEST_SCALE is not above 1");
        return GuestProgram.runOnStockKernel(HelperUnitOnKernel.class, Duration.ofMinutes(8));
    }
}
