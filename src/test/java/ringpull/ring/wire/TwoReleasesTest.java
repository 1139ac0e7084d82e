package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.ring.Address;
import ringpull.ring.Body;
import ringpull.ring.Effect;
import ringpull.ring.Event;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.Status;
import ringpull.ring.Message;
import ringpull.ring.Ring;
import ringpull.ring.Rumor;
import ringpull.v1.RingMessage;
import ringpull.v1.RingRumor;

/** Rings of this release and of its neighbours, over the wire form; time is virtual. */
class TwoReleasesTest {
    private static final long STEP = 100_000_000L;

    private final Map<Address, Node> nodes = new HashMap<>();
    private long now;

    private static Digest digest(int number) {
        return Digest.parse(String.format("sha256:%064x", number));
    }

    /** A daemon of some release: what it sends has that release's form, and so has what it understands. */
    private final class Node {
        private final Member member;
        private final Ring ring;
        private final UnaryOperator<RingMessage> form;
        private final ArrayDeque<Event> inbox = new ArrayDeque<>();
        private boolean down;

        private Node(int number, UnaryOperator<RingMessage> form) {
            RandomGenerator random =
                    RandomGeneratorFactory.of("L64X128MixRandom").create(number);
            member = new Member(
                    new MemberId(String.format("%032x", number)),
                    1_000L + number,
                    "n" + number,
                    List.of("10.0.0." + number),
                    7746,
                    7747,
                    "",
                    "",
                    List.of("tcp"));
            ring = new Ring("ring", member, List.of("seed"), random);
            this.form = form;
            nodes.put(new Address("10.0.0." + number, 7746), this);
        }

        private void step() {
            List<Event> events = new ArrayList<>(inbox);
            inbox.clear();
            events.add(new Event.Tick());
            for (Event event : down ? List.<Event>of() : events) {
                ring.handle(event, now).forEach(this::perform);
            }
        }

        private void perform(Effect effect) {
            switch (effect) {
                case Effect.Call call -> call(call);
                case Effect.Answer answer ->
                    asked(answer.exchange()).give(understood(form.apply(Codec.encode(answer.message()))));
                case Effect.Refuse refuse -> asked(refuse.exchange()).fail(refuse.reason());
                case Effect.Resolve resolve ->
                    inbox.add(new Event.Resolved(resolve.seed(), List.of(new Address("10.0.0.1", 7746)), ""));
                case Effect.DialBack dial -> inbox.add(new Event.Dialled(dial.dial(), ""));
                case Effect.Changed changed -> {}
                case Effect.Left left -> {}
            }
        }

        private void call(Effect.Call call) {
            Node to = nodes.get(call.to().getFirst());
            if (to == null || to.down) {
                inbox.add(new Event.Failed(call.call(), "connection refused"));
                return;
            }
            long exchange = ++lastExchange;
            questions.put(exchange, new Question(this, call.call()));
            to.inbox.add(new Event.Asked(exchange, understood(form.apply(Codec.encode(call.message())))));
        }

        private Status statusOf(Node other) {
            return ring.members().stream()
                    .filter(state -> state.member().id().equals(other.member.id()))
                    .findFirst()
                    .orElseThrow()
                    .status();
        }
    }

    private final Map<Long, Question> questions = new HashMap<>();
    private long lastExchange;

    private Question asked(long exchange) {
        return Objects.requireNonNull(questions.remove(exchange));
    }

    private record Question(Node asker, long call) {
        private void give(Message message) {
            asker.inbox.add(new Event.Answered(call, message));
        }

        private void fail(String reason) {
            asker.inbox.add(new Event.Failed(call, reason));
        }
    }

    private static Message understood(RingMessage wire) {
        try {
            return Codec.decode(RingMessage.parseFrom(wire.toByteArray()));
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    /** As one that knows more than this release: higher version, all capabilities, fields and a question of its own. */
    private static RingMessage newer(RingMessage message) {
        UnknownFieldSet extra = UnknownFieldSet.newBuilder()
                .addField(900, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
                .build();
        RingMessage.Builder wire =
                message.toBuilder().setProtocol(9).setCapabilities(-1).setUnknownFields(extra);
        wire.getSenderBuilder().setUnknownFields(extra);
        wire.getRumorsBuilderList().forEach(rumor -> rumor.setUnknownFields(extra));
        wire.getDeltasBuilderList().forEach(delta -> delta.setUnknownFields(extra));
        return wire.build();
    }

    /** As one that knows less: lower version, no health, no weights, no short claims and not who accuses. */
    private static RingMessage older(RingMessage message) {
        RingMessage.Builder wire = message.toBuilder()
                .setProtocol(1)
                .setCapabilities(0)
                .clearHealth()
                .clearClaims();
        wire.getSenderBuilder().clearWeight();
        wire.getRumorsBuilderList().forEach(RingRumor.Builder::clearWeight);
        return wire.build();
    }

    private void run(double seconds) {
        for (long end = now + (long) (seconds * 1e9); now < end; now += STEP) {
            nodes.values().forEach(Node::step);
        }
    }

    private void formARing(UnaryOperator<RingMessage> other) {
        List<Node> all = new ArrayList<>();
        for (int i = 1; i <= 6; i++) {
            Node node = new Node(i, i % 2 == 0 ? other : UnaryOperator.identity());
            node.ring.handle(new Event.Held(digest(i), i), now).forEach(node::perform);
            all.add(node);
        }
        run(15);
        for (Node node : all) {
            assertThat(node.ring.members())
                    .hasSize(6)
                    .allMatch(state -> state.status() == Status.ALIVE && state.blobs() == 1);
            assertThat(node.ring.order(digest(1), 10)).hasSize(6);
        }
        all.get(3).down = true;
        run(60);
        for (Node node : all) {
            if (node != all.get(3)) {
                assertThat(node.statusOf(all.get(3))).isEqualTo(Status.DEAD);
                assertThat(node.ring.rejected()).isZero();
            }
        }
    }

    @Test
    void thisReleaseAndANewerOneFormARing() {
        formARing(TwoReleasesTest::newer);
    }

    @Test
    void thisReleaseAndAnOlderOneFormARing() {
        formARing(TwoReleasesTest::older);
    }

    @Test
    void aQuestionOfANewerReleaseIsRefusedAndItsNewsAreHeard() {
        Node node = new Node(1, UnaryOperator.identity());
        Node other = new Node(2, TwoReleasesTest::newer);
        RingMessage question = newer(Codec.encode(new Message(
                        "ring", 2, 0, new Rumor(other.member, 0, Status.ALIVE), List.of(), List.of(), new Body.Ping())))
                .toBuilder()
                .clearBody()
                .build();
        List<Effect> effects = node.ring.handle(new Event.Asked(1, understood(question)), now);
        assertThat(effects)
                .filteredOn(effect -> effect instanceof Effect.Refuse)
                .singleElement()
                .isEqualTo(new Effect.Refuse(1, "this release does not know that question"));
        assertThat(node.statusOf(other)).isEqualTo(Status.ALIVE);
    }
}
