package ringpull.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;

class UploadsTest {
    private final Digest blob = Digest.parse(String.format("sha256:%064x", 1));
    private final Digest other = Digest.parse(String.format("sha256:%064x", 2));
    private final Uploads uploads = new Uploads();
    private final List<String> served = new ArrayList<>();

    private boolean ask(String reader, Digest of) {
        boolean waits = uploads.ask(reader, of, () -> served.add(reader));
        uploads.next().forEach(Runnable::run);
        return waits;
    }

    private void end(String reader, Digest of) {
        uploads.end(reader, of);
        uploads.next().forEach(Runnable::run);
    }

    @Test
    void aReaderHasAtMostHalfAndKeepsNobodyWaiting() {
        ask("a", blob);
        ask("a", blob);

        assertThat(ask("a", blob)).isFalse();
        assertThat(ask("b", blob)).isTrue();
        assertThat(served).containsExactly("a", "a", "b");

        end("a", blob);

        assertThat(ask("a", blob)).isTrue();
        assertThat(served).containsExactly("a", "a", "b", "a");
    }

    @Test
    void whoComesWhenManyWaitIsRefused() {
        for (int i = 0; i < Uploads.MOST + Uploads.WAITING_MOST; i++) {
            assertThat(ask("reader " + i, blob)).isTrue();
        }

        assertThat(ask("late", blob)).isFalse();
        assertThat(served).hasSize(Uploads.MOST);

        end("reader 0", blob);

        assertThat(served).hasSize(Uploads.MOST + 1);
        assertThat(ask("late", blob)).isTrue();
    }

    @Test
    void anotherBlobIsServedThoughOneFillsEverything() {
        for (int i = 0; i < Uploads.MOST; i++) {
            ask("reader " + i, blob);
        }

        ask("another", other);

        assertThat(served).contains("another");
    }
}
