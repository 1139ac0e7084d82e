package ringpull.e2e;

import java.io.IOException;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ringpull.guest.GuestProgram;

/** NVMe over Fabrics from the configuration to the counters. */
class NvmeofTest {
    @TestFactory
    Stream<DynamicTest> scenarios() throws IOException, InterruptedException {
        return GuestProgram.run(NvmeofScenarios.class, Duration.ofMinutes(25));
    }
}
