package ringpull.swarm.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.swarm.Lease;
import ringpull.swarm.Message;
import ringpull.swarm.Reading;
import ringpull.swarm.Run;
import ringpull.swarm.Statement;
import ringpull.swarm.SwarmLimits;
import ringpull.v1.SwarmHave;
import ringpull.v1.SwarmMessage;
import ringpull.v1.SwarmReport;

class SwarmCodecTest {
    private static final Digest DIGEST = Digest.parse("sha256:" + "ab".repeat(32));
    private static final MemberId A = new MemberId("0".repeat(31) + "1");
    private static final MemberId B = new MemberId("f".repeat(32));
    private static final List<Run> RUNS = List.of(new Run(0, 1), new Run(3, 9), new Run(4_000_000, 4_194_304));
    private static final Lease LEASE = new Lease(-5, Lease.Kind.ABROAD, 3, 4, 9, 77);

    static Stream<Message> messages() {
        return Stream.of(
                report(RUNS),
                new Message.Grant(DIGEST, "z/r", 9, -1, List.of(LEASE), List.of(A, B), 3, 5, RUNS, List.of(), true),
                new Message.Bye(DIGEST, true),
                new Message.Probe(A, B, -1),
                new Message.Alive(A, B, Long.MIN_VALUE),
                new Message.Need("registry.example:5000", DIGEST, 16, 1_000, 2, A),
                new Message.Allow("registry.example", DIGEST, 0, 5));
    }

    private static Message.Report report(List<Run> have) {
        return new Message.Report(
                DIGEST,
                "",
                A,
                "z/r",
                2,
                1L << 60,
                "registry.example/team/app",
                1L << 42,
                17,
                have,
                List.of(LEASE),
                List.of(-1L, 2L),
                4,
                20,
                true,
                Message.Trouble.BUSY,
                1_000_000_000,
                List.of(A),
                List.of(B));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void whatIsSaidIsHeard(Message message) {
        assertThat(SwarmCodec.decode(SwarmCodec.encode(message))).isEqualTo(message);
    }

    @Test
    void statementsAreCarriedAndSharedCertificatesOnce() {
        byte[] certificates = new byte[1_000];
        Statement first = new Statement(
                new Reading(B, 9, 8 << 20, new Run(7, 9), List.of(DIGEST, DIGEST), "https://origin", true),
                certificates,
                new byte[] {1, 2});
        Statement second = new Statement(
                new Reading(B, 9, 8 << 20, new Run(3, 4), List.of(DIGEST), "http://origin", false),
                certificates.clone(),
                new byte[] {3});
        Message.Have have = new Message.Have(DIGEST, RUNS, List.of(first, second));

        SwarmMessage encoded = SwarmCodec.encode(have);
        Message.Have heard = (Message.Have) SwarmCodec.decode(encoded);

        assertThat(encoded.getSerializedSize()).isBetween(1_000, 1_500);
        assertThat(heard.runs()).isEqualTo(RUNS);
        assertThat(heard.statements())
                .extracting(Statement::reading)
                .containsExactly(first.reading(), second.reading());
        assertThat(heard.statements()).extracting(Statement::certificates).containsExactly(certificates, certificates);
        assertThat(heard.statements()).extracting(Statement::signature).containsExactly(new byte[] {1, 2}, new byte[] {3
        });
    }

    @Test
    void whatIsBeyondTheLimitsIsRefused() {
        List<Run> many = Collections.nCopies(SwarmLimits.RANGES + 1, new Run(0, 1));
        SwarmReport report = SwarmCodec.encode(report(RUNS)).getReport();

        refused(SwarmCodec.encode(report(many)));
        refused(message().setReport(report.toBuilder().setSizeBytes(-1)));
        refused(message().setReport(report.toBuilder().setPuller(ByteString.EMPTY)));
        refused(message().setReport(report.toBuilder().setSource("\n")));
        refused(message().setReport(report.toBuilder().addAllEnded(Collections.nCopies(65, 1L))));
        refused(message().setHave(SwarmHave.newBuilder().addRuns(1)));
        refused(message().setHave(SwarmHave.newBuilder().addRuns(5).addRuns(0)));
        refused(message().setHave(SwarmHave.newBuilder().addRuns(-1).addRuns(1)));
        refused(message()
                .setHave(SwarmHave.newBuilder().addRuns(Integer.MAX_VALUE).addRuns(1)));
        refused(message().clearDigest().setHave(SwarmHave.getDefaultInstance()));
    }

    private static SwarmMessage.Builder message() {
        return SwarmMessage.newBuilder().setDigest(SwarmCodec.bytes(DIGEST));
    }

    private static void refused(SwarmMessage.Builder message) {
        refused(message.build());
    }

    private static void refused(SwarmMessage message) {
        assertThatThrownBy(() -> SwarmCodec.decode(message)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void mutilatedMessagesAreRefusedAndNothingElse() {
        SplittableRandom random = new SplittableRandom(4);
        List<byte[]> whole = messages()
                .map(message -> SwarmCodec.encode(message).toByteArray())
                .toList();
        int heard = 0;
        int refused = 0;
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = whole.get(random.nextInt(whole.size())).clone();
            for (int change = random.nextInt(4); change >= 0; change--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                SwarmMessage message = SwarmMessage.parseFrom(bytes);
                if (message.getBodyCase() != SwarmMessage.BodyCase.BODY_NOT_SET) {
                    SwarmCodec.decode(message);
                    heard++;
                }
            } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
                refused++;
            }
        }
        assertThat(heard).isPositive();
        assertThat(refused).isPositive();
    }
}
