package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequestedRangeTest {
    @ParameterizedTest
    @CsvSource({
        "bytes=0-, 10, 0, 10",
        "bytes=0-0, 10, 0, 1",
        "bytes=4-, 10, 4, 10",
        "bytes=4-6, 10, 4, 7",
        "bytes=4-99, 10, 4, 10",
        "bytes=9-, 10, 9, 10",
        "bytes=-3, 10, 7, 10",
        "bytes=-99, 10, 0, 10",
        "BYTES=1-2, 10, 1, 3",
        "bytes= 1 - 2, 10, 1, 3",
        "bytes=2-99999999999999999999, 10, 2, 10",
        "bytes=-99999999999999999999, 10, 0, 10",
    })
    void selectsThePart(String header, long size, long from, long end) throws Refusal {
        RequestedRange.Selection selection = RequestedRange.parse(header).select(size);

        assertThat(selection.partial()).isTrue();
        assertThat(selection.bytes().offset()).isEqualTo(from);
        assertThat(selection.bytes().end()).isEqualTo(end);
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=10-, 10",
        "bytes=10-12, 10",
        "bytes=-0, 10",
        "bytes=99999999999999999999-, 10",
        "bytes=9223372036854775807-, 10",
    })
    void pastTheEndIsNotSatisfiable(String header, long size) {
        Refusal refusal = catchThrowableOfType(
                Refusal.class, () -> RequestedRange.parse(header).select(size));

        assertThat(refusal.status().code()).isEqualTo(416);
        assertThat(refusal.headers().get("Content-Range")).isEqualTo("bytes */10");
        assertThat(RequestedRange.parse(header).selectLeniently(size))
                .as("a manifest is never refused for its range")
                .isEqualTo(RequestedRange.Selection.whole(size));
    }

    @ParameterizedTest
    @CsvSource({"''", "items=0-1", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=--1", "bytes=1-2-3"})
    void whatIsNoRangeIsIgnored(String header) throws Refusal {
        assertThat(RequestedRange.parse(header).select(10)).isEqualTo(RequestedRange.Selection.whole(10));
    }

    @Test
    void anEmptyBlobHasNoRanges() throws Refusal {
        assertThat(RequestedRange.parse("bytes=0-").select(0)).isEqualTo(RequestedRange.Selection.whole(0));
    }

    @Test
    void manyRangesAre400() {
        Refusal refusal = catchThrowableOfType(
                Refusal.class, () -> RequestedRange.parse("bytes=0-1,4-5").select(10));

        assertThat(refusal.status().code()).isEqualTo(400);
    }
}
