package ringpull.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.session.Session;

/** What goes over the wire, without any device. */
class MessageTest {
    private static final Digest BLOB =
            Digest.parse("sha256:442e67a2e7ba4b0e85cff86c0a9dd1e5753fc14099dd1bc5f55f7656bf788742");
    private static final Session SESSION = Session.of(new byte[16], new byte[32], Duration.ofMinutes(1));

    static Message[] messages() {
        return new Message[] {
            new Message.Piece(7, 1L << 40, 1 << 20, 0x7f00_1234_5678L, 0xcafe_babe, 3, 9, 10_000),
            new Message.Refuse(1, Message.Reason.FAILED, "the disk is on fire"),
            new Message.Refuse(1, Message.Reason.NOT_HELD, ""),
            new Message.Done(-1, 2, 3),
            new Message.Cancel(Integer.MAX_VALUE)
        };
    }

    private static ByteBuffer written(Message message) {
        ByteBuffer buffer = ByteBuffer.allocate(Message.BYTES_MAX);
        message.write(buffer);
        return buffer.flip();
    }

    @ParameterizedTest
    @MethodSource("messages")
    void areReadAsTheyWereWritten(Message message) {
        assertThat(Message.read(written(message))).contains(message);
    }

    @Test
    void aRangeIsAskedForWithItsProof() {
        Message.Ask ask = new Message.Ask(5, BLOB, new ByteRange(1 << 20, 77), new byte[Message.PROOF_BYTES]);

        assertThat(Message.read(written(ask))).get().isInstanceOfSatisfying(Message.Ask.class, read -> {
            assertThat(read.blob()).isEqualTo(BLOB);
            assertThat(read.range()).isEqualTo(ask.range());
            assertThat(read.proof()).isEqualTo(ask.proof());
        });
    }

    @ParameterizedTest
    @MethodSource("messages")
    void oneByteLessOrMoreIsNoMessage(Message message) {
        byte[] whole = Arrays.copyOf(written(message).array(), written(message).limit());
        boolean text = message instanceof Message.Refuse;
        assertThat(Message.read(ByteBuffer.wrap(whole, 0, text ? 8 : whole.length - 1)))
                .isEmpty();
        if (!text) {
            assertThat(Message.read(ByteBuffer.wrap(Arrays.copyOf(whole, whole.length + 1))))
                    .isEmpty();
        }
    }

    @Test
    void noiseIsRefusedOrIsAMessageWithinItsLimits() {
        Random random = new Random(3);
        for (int i = 0; i < 200_000; i++) {
            byte[] noise = new byte[random.nextInt(Message.BYTES_MAX + 10)];
            random.nextBytes(noise);
            if (noise.length > 4) {
                Arrays.fill(noise, 0, 4, (byte) 0);
                noise[0] = (byte) random.nextInt(8);
            }
            Message.read(ByteBuffer.wrap(noise)).ifPresent(message -> {
                if (message instanceof Message.Ask ask) {
                    assertThat(ask.range().length()).isPositive();
                } else if (message instanceof Message.Refuse refuse) {
                    assertThat(refuse.text().length()).isLessThanOrEqualTo(Message.TEXT_BYTES_MAX);
                    assertThat(refuse.text()).doesNotContainPattern("\\p{Cntrl}");
                }
            });
        }
    }

    @Test
    void aLongRefusalIsCut() {
        Message.Refuse refuse = new Message.Refuse(1, Message.Reason.FAILED, "x".repeat(1000));

        assertThat(Message.read(written(refuse)))
                .contains(new Message.Refuse(1, Message.Reason.FAILED, "x".repeat(Message.TEXT_BYTES_MAX)));
    }

    @Test
    void bothEndsOfAHandshakeComeToTheSameProofs() {
        Handshake.Knock knock = new Handshake.Knock(SESSION);
        Handshake.Visitor visitor = Handshake.Visitor.of(knock.data()).orElseThrow();
        Handshake.Welcome welcome = new Handshake.Welcome(SESSION, visitor);
        Handshake.Proofs ours = knock.welcomed(welcome.data()).orElseThrow();
        ByteRange range = new ByteRange(0, 5);

        assertThat(visitor.sessionId()).isEqualTo(SESSION.id());
        assertThat(visitor.proves(SESSION)).isTrue();
        byte[] first = ours.next(BLOB, range);
        assertThat(welcome.proofs().next(BLOB, range)).isEqualTo(first);
        assertThat(ours.next(BLOB, range)).isNotEqualTo(first);
    }

    @Test
    void whoDoesNotKnowTheSecretIsNeitherVisitorNorHolder() {
        byte[] secret = new byte[32];
        secret[31] = 1;
        Session other = Session.of(new byte[16], secret, Duration.ofMinutes(1));
        Handshake.Knock knock = new Handshake.Knock(SESSION);
        Handshake.Visitor visitor = Handshake.Visitor.of(knock.data()).orElseThrow();

        assertThat(visitor.proves(other)).isFalse();
        assertThat(knock.welcomed(new Handshake.Welcome(other, visitor).data())).isEmpty();
        assertThat(knock.welcomed(new byte[Handshake.WELCOME_BYTES])).isEmpty();
        assertThat(knock.welcomed(new byte[3])).isEmpty();
    }

    @Test
    void privateDataOfAnyLengthAreReadAndProveNothing() {
        Random random = new Random(4);
        Handshake.Knock knock = new Handshake.Knock(SESSION);
        int visitors = 0;
        for (int i = 0; i < 5_000; i++) {
            byte[] data = new byte[random.nextInt(256)];
            random.nextBytes(data);
            if (random.nextBoolean()) {
                System.arraycopy(knock.data(), 0, data, 0, Math.min(4, data.length));
            }
            Optional<Handshake.Visitor> visitor = Handshake.Visitor.of(data);
            visitors += visitor.isPresent() ? 1 : 0;
            assertThat(visitor.filter(who -> who.proves(SESSION))).isEmpty();
            assertThat(knock.welcomed(data)).isEmpty();
            Handshake.rejectedFor(data).ifPresent(why -> assertThat(data.length).isGreaterThan(4));
        }
        assertThat(visitors).isPositive();
    }

    /** A kernel pads private data with zeros. */
    @Test
    void whatFollowsAHandshakeIsIgnored() {
        Handshake.Knock knock = new Handshake.Knock(SESSION);
        byte[] padded = Arrays.copyOf(knock.data(), 255);

        assertThat(Handshake.Visitor.of(padded)).get().matches(visitor -> visitor.proves(SESSION));
        assertThat(Handshake.rejectedFor(Arrays.copyOf(Handshake.rejection(Handshake.Rejection.BUSY), 148)))
                .contains(Handshake.Rejection.BUSY);
        assertThat(Handshake.rejectedFor(new byte[148])).isEmpty();
    }
}
