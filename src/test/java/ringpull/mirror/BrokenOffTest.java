package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;

class BrokenOffTest {
    private final AtomicLong nanos = new AtomicLong();
    private final BrokenOff brokenOff = new BrokenOff(nanos::get);
    private final Digest digest = Content.random(1, 1).digest();

    @Test
    void aResumeHasARangeUnlessNotAByteWasSent() {
        brokenOff.note(digest, false);

        assertThat(brokenOff.mayResume(digest, true)).isTrue();
        assertThat(brokenOff.mayResume(digest, false)).isFalse();

        brokenOff.note(digest, true);
        brokenOff.note(digest, false);

        assertThat(brokenOff.mayResume(digest, false)).isTrue();
    }

    @Test
    void isForgottenAfterAWhile() {
        brokenOff.note(digest, true);
        nanos.addAndGet(BrokenOff.KEPT.toNanos() - 1);
        assertThat(brokenOff.mayResume(digest, true)).isTrue();

        nanos.addAndGet(1);

        assertThat(brokenOff.mayResume(digest, true)).isFalse();
    }

    @Test
    void remembersABoundedNumber() {
        brokenOff.note(digest, true);
        for (int i = 0; i < BrokenOff.DIGESTS_MAX; i++) {
            brokenOff.note(Content.random(2 + i, 8).digest(), true);
        }

        assertThat(brokenOff.mayResume(digest, true)).isFalse();
    }
}
