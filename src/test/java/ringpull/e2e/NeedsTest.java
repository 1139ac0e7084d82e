package ringpull.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class NeedsTest {
    @NeedsRoot
    @NeedsPrograms({"here", "absent"})
    private static final class Picky {}

    @Test
    void namesAllThatIsMissing() {
        assertThat(Needs.missing(Picky.class, false, "here"::equals))
                .containsExactly("it needs root", "absent is not installed");
        assertThat(Needs.missing(Picky.class, true, name -> true)).isEmpty();
    }

    @Test
    void skipsWithTheReasonAndFailsInCi() {
        var skipped = Needs.decide("example()", List.of("it needs root"), false);

        assertThat(skipped.isDisabled()).isTrue();
        assertThat(skipped.getReason()).contains("example() does not run: it needs root");
        assertThat(Needs.decide("example()", List.of(), true).isDisabled()).isFalse();
        assertThatThrownBy(() -> Needs.decide("example()", List.of("it needs root"), true))
                .hasMessageContaining("it needs root");
    }
}
