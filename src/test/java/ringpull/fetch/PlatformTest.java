package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlatformTest {
    @ParameterizedTest
    @CsvSource({
        "linux/amd64, linux/amd64, true",
        "linux/x86_64, linux/amd64, true",
        "linux/amd64, linux/amd64/v3, true",
        "linux/arm64, linux/arm64/v8, true",
        "linux/arm64/v8, linux/arm64, true",
        "linux/aarch64, linux/arm64, true",
        "linux/arm/v7, linux/arm/v6, false",
        "linux/arm/v7, linux/arm, false",
        "linux/amd64, linux/arm64, false",
        "linux/amd64, windows/amd64, false",
    })
    void acceptsWhatRunsThere(String wanted, String offered, boolean accepted) {
        assertThat(Platform.parse(wanted).accepts(Platform.parse(offered))).isEqualTo(accepted);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/am d64", "li\u001bnux/amd64"})
    void otherFormsAreRefusedWithTheFormThatIsExpected(String text) {
        assertThatThrownBy(() -> Platform.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("os/arch[/variant]");
    }

    @Test
    void hostIsLinuxOnAKnownArchitecture() {
        assertThat(Platform.host().toString()).matches("linux/(amd64|arm64|riscv64)");
    }
}
