package ringpull.transport.nvmeof;

import java.io.IOException;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ringpull.guest.GuestProgram;

/** NVMe over Fabrics on a real kernel. */
class KernelTest {
    @TestFactory
    Stream<DynamicTest> scenarios() throws IOException, InterruptedException {
        return GuestProgram.run(KernelScenarios.class, Duration.ofMinutes(25));
    }
}
