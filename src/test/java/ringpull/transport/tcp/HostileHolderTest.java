package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.transport.TestBlobs;
import ringpull.transport.TransferException;
import ringpull.transport.session.Admission;
import ringpull.transport.session.HolderSessions;

/** Holders that answer wrongly: each becomes unreachable with a reason, and never writes outside the range. */
class HostileHolderTest {
    private static final Digest BLOB = TestBlobs.digest(new byte[] {7});
    private static final ByteRange RANGE = new ByteRange(1000, 100);
    private static final String BODY = "x".repeat(100);
    private static final String GOOD = "HTTP/1.1 206 Partial Content\r\nContent-Length: 100\r\n"
            + "Content-Range: bytes 1000-1099/5000\r\n\r\n" + BODY;
    private static final Duration STALL = Duration.ofSeconds(1);

    /** For what is not about silence: a busy machine falls silent, too. */
    private static final Duration PATIENT = Duration.ofSeconds(30);

    private TcpTransport transport;
    private TestBlobs.Landed landed;

    @BeforeEach
    void open() throws IOException {
        transport = transport(PATIENT);
        landed = new TestBlobs.Landed(RANGE.offset(), (int) RANGE.length());
    }

    private static TcpTransport transport(Duration stall) throws IOException {
        return new TcpTransport(
                Optional.empty(),
                Config.Io.AUTO,
                new HolderSessions(Admission.NONE, System::nanoTime),
                new TcpTransport.Times(PATIENT, stall, Duration.ofSeconds(30)),
                ConnectionPool.PER_HOLDER_MAX,
                ConnectionPool.TOTAL_MAX);
    }

    private void impatient() throws IOException {
        transport.close();
        transport = transport(STALL);
    }

    @AfterEach
    void close() {
        transport.close();
    }

    static Stream<Arguments> wrongAnswers() {
        return Stream.of(
                Arguments.of("the whole in place of the range", GOOD.replace("206 Partial Content", "200 OK"), "200"),
                Arguments.of("a longer range", GOOD.replace("Length: 100", "Length: 101"), "101 bytes"),
                Arguments.of("a shorter range", GOOD.replace("Length: 100", "Length: 99"), "99 bytes"),
                Arguments.of("no length", GOOD.replace("Content-Length: 100\r\n", ""), "-1 bytes"),
                Arguments.of("a negative length", GOOD.replace("Length: 100", "Length: -100"), "not HTTP/1.1"),
                Arguments.of(
                        "two lengths",
                        GOOD.replace("Content-Length: 100", "Content-Length: 100\r\nContent-Length: 200"),
                        "not HTTP/1.1"),
                Arguments.of("another range", GOOD.replace("1000-1099", "0-99"), "Content-Range: bytes 0-99"),
                Arguments.of("no range", GOOD.replace("Content-Range", "X-Range"), "Content-Range: "),
                Arguments.of(
                        "chunks",
                        GOOD.replace("Content-Length: 100", "Transfer-Encoding: chunked")
                                .replace(BODY, "64\r\n" + BODY + "\r\n0\r\n\r\n"),
                        "-1 bytes"),
                Arguments.of("an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", "100"),
                Arguments.of("a redirect", "HTTP/1.1 302 Found\r\nLocation: http://h/\r\n\r\n", "302"),
                Arguments.of("no HTTP", "\0\1\2\3 what is this\r\n\r\n", "not HTTP/1.1"),
                Arguments.of("a long line", "HTTP/1.1 206 " + "a".repeat(100_000), "not HTTP/1.1"),
                Arguments.of(
                        "large headers",
                        GOOD.replace("Content-Range", "X: " + "a".repeat(100_000) + "\r\nContent-Range"),
                        "not HTTP/1.1"),
                Arguments.of(
                        "many headers",
                        GOOD.replace("Content-Range", "X: a\r\n".repeat(10_000) + "Content-Range"),
                        "not HTTP/1.1"),
                Arguments.of(
                        "a refusal of endless length",
                        "HTTP/1.1 500 No\r\nContent-Length: 1000000000\r\n\r\n" + BODY,
                        "500"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrongAnswers")
    void isUnreachableForWhatItAnswered(String name, String answer, String reason) throws Exception {
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> write(out, answer))) {
            assertThatThrownBy(() -> transport.read(holder.address(), BLOB, RANGE, landed))
                    .isInstanceOf(TransferException.Unreachable.class)
                    .hasMessageContaining(holder.address().toString())
                    .hasMessageContaining(reason);
            assertThat(landed.count()).isZero();
            assertThat(holder.requests()).isEqualTo(1);
        }
    }

    @Test
    void isBusyWhenItSaysSo() throws Exception {
        String busy = "HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nlater";
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> write(out, busy))) {
            assertThatThrownBy(() -> transport.read(holder.address(), BLOB, RANGE, landed))
                    .isInstanceOf(TransferException.Busy.class)
                    .hasMessageContaining("503: later");
            assertThat(landed.count()).isZero();
        }
    }

    @Test
    void moreBytesThanAskedForNeitherLandNorSpoilTheNextRead() throws Exception {
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> write(out, GOOD + GOOD + "garbage"))) {
            for (int i = 0; i < 20; i++) {
                TestBlobs.Landed next = new TestBlobs.Landed(RANGE.offset(), (int) RANGE.length());
                transport.read(holder.address(), BLOB, RANGE, next);
                assertThat(next.bytes()).isEqualTo(BODY.getBytes(StandardCharsets.US_ASCII));
            }
        }
    }

    @Test
    void silenceIsUnreachable() throws Exception {
        impatient();
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> true)) {
            assertStalls(holder);
        }
    }

    @Test
    void silenceWithinTheBodyIsUnreachableAndThePrefixStays() throws Exception {
        impatient();
        String half = GOOD.substring(0, GOOD.length() - 50);
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> write(out, half))) {
            assertStalls(holder);
            assertThat(landed.count()).isEqualTo(50);
        }
    }

    @Test
    void headersThatNeverEndAreUnreachable() throws Exception {
        impatient();
        try (ScriptedHolder holder =
                new ScriptedHolder((request, out) -> drip(out, "HTTP/1.1 206 Yes\r\n", "X: y\r\n"))) {
            assertStalls(holder);
        }
    }

    @Test
    void aBodyThatDripsIsUnreachable() throws Exception {
        impatient();
        String head =
                GOOD.replace(BODY, "").replace("Length: 100", "Length: 1000000").replace("1099", "1000999");
        TestBlobs.Landed large = new TestBlobs.Landed(1000, 1_000_000);
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> drip(out, head, "z"))) {
            assertThatThrownBy(() -> transport.read(holder.address(), BLOB, new ByteRange(1000, 1_000_000), large))
                    .isInstanceOf(TransferException.Unreachable.class)
                    .hasMessageContaining("nearly nothing");
            assertThat(large.count()).isPositive();
        }
    }

    @Test
    void aLandingThatWaitsForTheDiskIsNotTheHoldersSilence() throws Exception {
        impatient();
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> write(out, GOOD))) {
            transport.read(holder.address(), BLOB, RANGE, (offset, bytes) -> {
                sleep(STALL.multipliedBy(2));
                landed.write(offset, bytes);
            });
        }
        assertThat(landed.count()).isEqualTo(100);
    }

    @Test
    void breakingOffLeavesThePrefix() throws Exception {
        String half = GOOD.substring(0, GOOD.length() - 50);
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> !write(out, half))) {
            assertThatThrownBy(() -> transport.read(holder.address(), BLOB, RANGE, landed))
                    .isInstanceOf(TransferException.Unreachable.class)
                    .hasMessageContaining("broke off");
            assertThat(landed.count()).isEqualTo(50);
            assertThat(holder.requests()).isEqualTo(1);
        }
    }

    @Test
    void aConnectionThatWasClosedWhileItWaitedIsReplaced() throws Exception {
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> request % 2 != 0 && write(out, GOOD))) {
            transport.read(holder.address(), BLOB, RANGE, landed);
            TestBlobs.Landed again = new TestBlobs.Landed(RANGE.offset(), (int) RANGE.length());

            transport.read(holder.address(), BLOB, RANGE, again);

            assertThat(again.count()).isEqualTo(100);
            assertThat(holder.connections()).isEqualTo(2);
        }
    }

    @Test
    void aFreshConnectionThatIsClosedWithoutAnAnswerIsNotReplaced() throws Exception {
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> false)) {
            assertThatThrownBy(() -> transport.read(holder.address(), BLOB, RANGE, landed))
                    .isInstanceOf(TransferException.Unreachable.class)
                    .hasMessageContaining("broke off");
            assertThat(holder.connections()).isEqualTo(1);
        }
    }

    @Test
    void aRefusalKeepsTheConnection() throws Exception {
        String notHeld = "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone";
        try (ScriptedHolder holder = new ScriptedHolder((request, out) -> write(out, request == 1 ? notHeld : GOOD))) {
            assertThatThrownBy(() -> transport.read(holder.address(), BLOB, RANGE, landed))
                    .isInstanceOf(TransferException.NotHeld.class)
                    .hasMessageContaining("404: none");
            transport.read(holder.address(), BLOB, RANGE, landed);
            assertThat(holder.connections()).isEqualTo(1);
        }
    }

    private void assertStalls(ScriptedHolder holder) {
        assertThatThrownBy(() -> transport.read(holder.address(), BLOB, RANGE, landed))
                .isInstanceOf(TransferException.Unreachable.class)
                .hasMessageContaining("sent nothing, or nearly nothing, for 1000 ms");
    }

    private static boolean write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        return true;
    }

    private static boolean drip(OutputStream out, String head, String drop) throws IOException, InterruptedException {
        write(out, head);
        while (true) {
            write(out, drop);
            out.flush();
            Thread.sleep(20);
        }
    }

    private static void sleep(Duration time) throws IOException {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
