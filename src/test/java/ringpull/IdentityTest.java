package ringpull;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.tls.PeerIdentity;

class IdentityTest {
    @TempDir
    Path state;

    @Test
    void theIdStaysAndTheEpochGrowsEvenIfTheClockGoesBack() throws IOException {
        Identity first = Identity.load(state, () -> Instant.ofEpochMilli(5_000), Optional.empty());
        Identity second = Identity.load(state, () -> Instant.ofEpochMilli(1_000), Optional.empty());

        assertThat(first.epoch()).isEqualTo(5_000);
        assertThat(second.id()).isEqualTo(first.id());
        assertThat(second.epoch()).isEqualTo(5_001);
    }

    @Test
    void aDamagedFileIsNamed() throws IOException {
        Identity.load(state, () -> Instant.ofEpochMilli(5_000), Optional.empty());
        Files.writeString(state.resolve("epoch"), "soon");

        assertThatThrownBy(() -> Identity.load(state, Instant::now, Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(state.resolve("epoch").toString());
    }

    @Test
    void anEpochThatWouldOverflowIsRefused() throws IOException {
        Identity.load(state, () -> Instant.ofEpochMilli(5_000), Optional.empty());
        Files.writeString(state.resolve("epoch"), "99999999999999999999");

        assertThatThrownBy(() -> Identity.load(state, Instant::now, Optional.empty()))
                .isInstanceOf(IOException.class);
    }

    @Test
    void theIdFollowsFromTheCertificateAndNotFromTheDisk() throws IOException {
        PeerIdentity one = new PeerIdentity("ringpull://lab/one", Optional.of("lab"));

        Identity first = Identity.load(state, Instant::now, Optional.of(one));
        Identity elsewhere =
                Identity.load(Files.createDirectory(state.resolve("other")), Instant::now, Optional.of(one));

        assertThat(first.id()).isEqualTo(elsewhere.id());
        assertThat(first.id().hex()).isEqualTo(one.memberId());
        assertThat(state.resolve("member-id")).doesNotExist();
    }

    @Test
    void aCertificateOfAnotherRingIsRefused() throws IOException {
        PeerIdentity one = new PeerIdentity("ringpull://lab/one", Optional.of("lab"));
        Identity.checkCluster(one, "lab");
        Identity.checkCluster(new PeerIdentity("spiffe://lab/one", Optional.empty()), "other");

        assertThatThrownBy(() -> Identity.checkCluster(one, "other"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("lab")
                .hasMessageContaining("[ring] cluster is other");
    }
}
