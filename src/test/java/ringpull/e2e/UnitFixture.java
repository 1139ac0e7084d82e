package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A machine for each test, with one unit of those that ship, which the test starts. */
@Timeout(300)
abstract class UnitFixture {
    @TempDir
    Path directory;

    SystemdMachine machine;

    private final String unit;
    private final String settings;
    private final String configuration;

    /**
     * @param settings more of the unit's section Service
     * @param configuration the daemon's
     */
    UnitFixture(String unit, String settings, String configuration) {
        this.unit = unit;
        this.settings = settings;
        this.configuration = configuration;
    }

    @BeforeEach
    void boot() throws Exception {
        machine = SystemdMachine.boot(directory, unit, settings);
        machine.configure(configuration);
    }

    @AfterEach
    void shutDown() throws Exception {
        machine.close();
    }

    void start() throws IOException, InterruptedException {
        SystemdMachine.Ran started = machine.systemctl("start", unit);
        assertThat(started.code()).as(started.said() + machine.log()).isZero();
    }
}
