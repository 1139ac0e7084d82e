package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.ring.Body;
import ringpull.ring.Event;
import ringpull.ring.Hashes;
import ringpull.ring.Limits;
import ringpull.ring.Message;
import ringpull.sim.RingSimulation;
import ringpull.sim.SimNode;
import ringpull.v1.RingMessage;
import ringpull.v1.RingRumor;
import ringpull.v1.RingStatus;

class CodecTest {
    private static final double SCALE = Double.parseDouble(System.getenv().getOrDefault("RINGPULL_TEST_SCALE", "1.0"));

    /** What a small ring says in its first half minute. */
    private static List<Message> messages(RingSimulation simulation) {
        List<Message> heard = new ArrayList<>();
        simulation.tap(heard::add);
        List<SimNode> ring = simulation.ring(5);
        for (int i = 0; i < 40; i++) {
            Digest digest = Digest.parse(String.format("sha256:%064x", i));
            ring.get(i % 5).happen(new Event.Held(digest, i));
            if (i % 3 == 0) {
                ring.get(i % 5).happen(new Event.Dropped(digest));
            }
            simulation.run(0.5);
        }
        return heard;
    }

    @Test
    void everythingThatIsSaidArrives() throws InvalidProtocolBufferException {
        for (Message message : messages(new RingSimulation(1))) {
            assertThat(Codec.decode(RingMessage.parseFrom(Codec.encode(message).toByteArray())))
                    .isEqualTo(message);
        }
    }

    @Test
    void theSimulatorCountsTheBytesOfTheWire() {
        MessageSize sizes = new MessageSize();
        for (Message message : messages(new RingSimulation(1))) {
            assertThat(sizes.of(message)).isEqualTo(Codec.encode(message).getSerializedSize());
        }
    }

    @Test
    void deathsInFewBytesArriveUpToTheLimit() throws InvalidProtocolBufferException {
        Message one = messages(new RingSimulation(1)).getFirst();
        long[] deaths = new long[Limits.CLAIMS_PER_MESSAGE];
        Arrays.setAll(deaths, i -> -1L / (i + 1));
        Message message = new Message(
                one.cluster(),
                one.protocol(),
                0,
                one.sender(),
                0,
                List.of(),
                List.of(),
                Hashes.of(deaths),
                List.of(),
                new Body.Probed(false, true));
        RingMessage wire = RingMessage.parseFrom(Codec.encode(message).toByteArray());
        assertThat(Codec.decode(wire)).isEqualTo(message);
        RingMessage tooMany = wire.toBuilder().addDeaths(1).build();
        assertThatThrownBy(() -> Codec.decode(tooMany)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whatANewerReleaseAddsIsSkipped() throws InvalidProtocolBufferException {
        UnknownFieldSet extra = UnknownFieldSet.newBuilder()
                .addField(900, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
                .build();
        for (Message message : messages(new RingSimulation(1)).subList(0, 100)) {
            RingMessage wire = Codec.encode(message);
            RingMessage newer = wire.toBuilder()
                    .setProtocol(9)
                    .setCapabilities(-1)
                    .setUnknownFields(extra)
                    .setSender(wire.getSender().toBuilder().setUnknownFields(extra))
                    .build();
            Message read = Codec.decode(RingMessage.parseFrom(newer.toByteArray()));
            assertThat(read.protocol()).isEqualTo(9);
            assertThat(read.sender()).isEqualTo(message.sender());
            assertThat(read.body()).isEqualTo(message.body());

            RingMessage question = newer.toBuilder().clearBody().build();
            assertThat(Codec.decode(question).body()).isEqualTo(new Body.Unknown());
        }
    }

    @Test
    void whatIsBeyondTheLimitsIsRefusedWhole() {
        RingMessage valid = Codec.encode(messages(new RingSimulation(1)).getFirst());
        RingRumor sender = valid.getSender();
        List<RingRumor.Builder> bad = List.of(
                sender.toBuilder().setId(ByteString.copyFromUtf8("short")),
                sender.toBuilder().setName("x".repeat(Limits.NAME_CHARS + 1)),
                sender.toBuilder().setName("line\nbreak"),
                sender.toBuilder().setEpoch(-1),
                sender.toBuilder().setIncarnation(Limits.COUNTER + 1),
                sender.toBuilder().setStatus(RingStatus.RING_STATUS_UNSPECIFIED),
                sender.toBuilder().setStatusValue(77),
                sender.toBuilder().clearAddresses(),
                sender.toBuilder().addAllAddresses(Collections.nCopies(Limits.ADDRESSES, "10.0.0.1")),
                sender.toBuilder().clearAddresses().addAddresses("node.example"),
                sender.toBuilder().clearAddresses().addAddresses("12345"),
                sender.toBuilder().clearAddresses().addAddresses("fe80::1%eth0"),
                sender.toBuilder().clearAddresses().addAddresses("0.0.0.0"),
                sender.toBuilder().clearAddresses().addAddresses("224.0.0.1"),
                sender.toBuilder().setControlPort(0),
                sender.toBuilder().setDataPort(65_536));
        for (RingRumor.Builder rumor : bad) {
            assertThatThrownBy(() ->
                            Codec.decode(valid.toBuilder().setSender(rumor).build()))
                    .as(rumor.toString())
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() ->
                            Codec.decode(valid.toBuilder().addRumors(rumor).build()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> Codec.decode(valid.toBuilder()
                        .addAllRumors(Collections.nCopies(Limits.RUMORS_PER_MESSAGE + 1, sender))
                        .build()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Codec.decode(valid.toBuilder().setCluster("").build()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Codec.decode(RingMessage.getDefaultInstance()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void noMutationOfAMessageHurtsARing() {
        RingSimulation simulation = new RingSimulation(7);
        List<RingMessage> said =
                messages(simulation).stream().map(Codec::encode).distinct().toList();
        List<SimNode> ring = simulation.ring(1);
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
        int understood = 0;
        int count = (int) (100_000 * SCALE);
        for (int i = 0; i < count; i++) {
            byte[] bytes = mutated(said.get(random.nextInt(said.size())).toByteArray(), random);
            try {
                Message message = Codec.decode(RingMessage.parseFrom(bytes));
                understood++;
                ring.getFirst().happen(new Event.Asked(-i, message));
                ring.getFirst().happen(new Event.Answered(random.nextInt(1_000), message));
            } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
                assertThat(e).isNotNull(); // refused, as it should be
            }
            if (i % 100 == 0) {
                ring.getFirst().happen(new Event.Tick());
            }
        }
        assertThat(understood).as("mutations that are still messages").isBetween(count / 100, count - 1);
        simulation.run(5);
        assertThat(ring.getFirst().ring().members()).hasSizeLessThan(count / 10 + 10);
    }

    private static byte[] mutated(byte[] bytes, RandomGenerator random) {
        byte[] copy = bytes.clone();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(copy.length);
            switch (random.nextInt(5)) {
                case 0 -> copy[at] = (byte) random.nextInt(256);
                case 1 -> copy[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> copy = Arrays.copyOf(copy, Math.max(1, at));
                case 3 -> System.arraycopy(copy, 0, copy, at, copy.length - at);
                default -> copy[at] = (byte) 0xff;
            }
        }
        return copy;
    }
}
