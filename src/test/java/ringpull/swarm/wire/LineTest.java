package ringpull.swarm.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.transport.Await;
import ringpull.v1.SwarmGrpc;
import ringpull.v1.SwarmHeard;
import ringpull.v1.SwarmMessage;
import ringpull.v1.SwarmProbe;
import ringpull.v1.SwarmTold;

class LineTest {
    private static final MemberId ID = new MemberId("a".repeat(32));
    private static final Member MEMBER = new Member(ID, 1, "n", List.of("127.0.0.1"), 1, 2, "", "", List.of());
    private static final long MESSAGES = 500;
    private static final long WAIT_SECONDS = 30;

    private final BlockingQueue<Long> heard = new LinkedBlockingQueue<>();
    private final BlockingQueue<MemberId> undelivered = new LinkedBlockingQueue<>();
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private volatile Optional<Status> refusal = Optional.empty();
    private volatile boolean mute;
    private volatile boolean open = true;
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(new Hearing())
                .build()
                .start();
        channel = NettyChannelBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort()))
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.shutdownNow();
    }

    private final class Hearing extends SwarmGrpc.SwarmImplBase {
        @Override
        public StreamObserver<SwarmTold> tell(StreamObserver<SwarmHeard> asker) {
            calls.incrementAndGet();
            return new StreamObserver<>() {
                @Override
                public void onNext(SwarmTold told) {
                    if (refusal.isPresent()) {
                        asker.onError(refusal.get().asRuntimeException());
                        return;
                    }
                    told.getMessagesList().forEach(m -> heard.add(m.getProbe().getNonce()));
                    if (!mute) {
                        asker.onNext(SwarmHeard.getDefaultInstance());
                    }
                }

                @Override
                public void onError(Throwable gone) {}

                @Override
                public void onCompleted() {
                    asker.onCompleted();
                }
            };
        }
    }

    private final class Ring implements Line.Network {
        @Override
        public Optional<Member> find(MemberId member) {
            return Optional.of(MEMBER);
        }

        @Override
        public Channel channel(Member member) {
            return channel;
        }

        @Override
        public SwarmTold told(List<SwarmMessage> messages) {
            return SwarmTold.newBuilder().addAllMessages(messages).build();
        }

        @Override
        public boolean mayStayOpen() {
            return open;
        }

        @Override
        public void failed(Member member, Channel on) {
            failed.incrementAndGet();
        }

        @Override
        public void undelivered(MemberId member) {
            undelivered.add(member);
        }
    }

    private static SwarmMessage message(long nonce) {
        return SwarmMessage.newBuilder()
                .setProbe(SwarmProbe.newBuilder().setNonce(nonce))
                .build();
    }

    private void hear(long from, long end) throws InterruptedException {
        for (long next = from; next < end; next++) {
            assertThat(heard.poll(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(next);
        }
    }

    @Test
    void saysAllInOrderOnOneCall() throws InterruptedException {
        Line line = new Line(ID, new Ring());
        LongStream.range(0, MESSAGES).forEach(n -> line.say(message(n), System.nanoTime()));
        hear(0, MESSAGES);
        assertThat(calls).hasValue(1);
        assertThat(undelivered).isEmpty();
    }

    @Test
    void whereMembersAreManyNoCallStaysOpen() throws InterruptedException {
        open = false;
        Line line = new Line(ID, new Ring());
        for (long n = 0; n < 3; n++) {
            line.say(message(n), System.nanoTime());
            hear(n, n + 1);
        }
        LongStream.range(3, MESSAGES).forEach(n -> line.say(message(n), System.nanoTime()));
        hear(3, MESSAGES);
        assertThat(calls.get()).isGreaterThan(1);
    }

    @Test
    void aRefusalIsToldAndTheNextMessageBeginsACall() throws InterruptedException {
        refusal = Optional.of(Status.FAILED_PRECONDITION);
        Line line = new Line(ID, new Ring());
        line.say(message(0), System.nanoTime());
        assertThat(undelivered.poll(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(ID);
        assertThat(failed).hasValue(1);
        refusal = Optional.empty();
        line.say(message(1), System.nanoTime());
        hear(1, 2);
        assertThat(calls).hasValue(2);
    }

    @Test
    void aMemberThatDoesNotHearIsGivenUpAfterAWhile() throws InterruptedException {
        mute = true;
        Line line = new Line(ID, new Ring());
        line.say(message(0), System.nanoTime());
        hear(0, 1);
        assertThat(line.isOver(System.nanoTime())).isFalse();
        assertThat(undelivered).isEmpty();
        assertThat(line.isOver(System.nanoTime() + TimeUnit.SECONDS.toNanos(6))).isFalse();
        assertThat(undelivered.poll(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(ID);
    }

    @Test
    void aLineWithoutWordsEndsItsCall() throws InterruptedException {
        Line line = new Line(ID, new Ring());
        line.say(message(0), System.nanoTime() - TimeUnit.SECONDS.toNanos(31));
        hear(0, 1);
        Await.until("the answer", () -> line.isOver(System.nanoTime()));
        assertThat(undelivered).isEmpty();
    }
}
