package ringpull;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityTest {
    @TempDir
    Path state;

    @Test
    void theIdStaysAndTheEpochGrowsEvenIfTheClockGoesBack() throws IOException {
        Identity first = Identity.load(state, () -> Instant.ofEpochMilli(5_000));
        Identity second = Identity.load(state, () -> Instant.ofEpochMilli(1_000));

        assertThat(first.epoch()).isEqualTo(5_000);
        assertThat(second.id()).isEqualTo(first.id());
        assertThat(second.epoch()).isEqualTo(5_001);
    }

    @Test
    void aDamagedFileIsNamed() throws IOException {
        Identity.load(state, () -> Instant.ofEpochMilli(5_000));
        Files.writeString(state.resolve("epoch"), "soon");

        assertThatThrownBy(() -> Identity.load(state, Instant::now))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(state.resolve("epoch").toString());
    }

    @Test
    void anEpochThatWouldOverflowIsRefused() throws IOException {
        Identity.load(state, () -> Instant.ofEpochMilli(5_000));
        Files.writeString(state.resolve("epoch"), "99999999999999999999");

        assertThatThrownBy(() -> Identity.load(state, Instant::now)).isInstanceOf(IOException.class);
    }
}
