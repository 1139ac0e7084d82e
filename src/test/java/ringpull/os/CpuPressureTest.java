package ringpull.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuPressureTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"0.00, false", "49.99, false", "50.00, true", "100.00, true"})
    void isHighWhereProgramsWaitMostOfTheTime(String percent, boolean high) throws IOException {
        Path file = Files.writeString(
                directory.resolve("cpu"),
                "some avg10=" + percent + " avg60=94.56 avg300=93.10 total=5016638276\nfull avg10=99.00 avg60=0.00\n");

        CpuPressure pressure = new CpuPressure(file);

        assertThat(pressure.waiting()).hasValue(Double.parseDouble(percent) / 100);
        assertThat(pressure.isHigh()).isEqualTo(high);
    }

    @ParameterizedTest
    @CsvSource({"''", "some avg10=x", "full avg10=99.00 avg60=0.00", "some avg10=1234.00 avg60=0.00"})
    void whatIsNotToldIsNotHigh(String text) throws IOException {
        CpuPressure pressure = new CpuPressure(Files.writeString(directory.resolve("cpu"), text));

        assertThat(pressure.waiting()).isEmpty();
        assertThat(pressure.isHigh()).isFalse();
    }

    @Test
    void aKernelWithoutItIsNotHigh() {
        assertThat(new CpuPressure(directory.resolve("none")).waiting()).isEmpty();
    }
}
