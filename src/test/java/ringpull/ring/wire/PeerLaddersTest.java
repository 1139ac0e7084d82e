package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.ring.Address;
import ringpull.ring.Ladders;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.v1.LadderPart;
import ringpull.v1.LadderRequest;
import ringpull.v1.LaddersGrpc;

/** Ladders between members, over gRPC on loopback. */
class PeerLaddersTest {
    private static final Digest DIGEST = Digest.parse("sha256:" + "ab".repeat(32));

    /** Three answers, the last of them one rung. */
    private static final long SIZE_BYTES = (2L * LadderService.PAGES_MAX * Ladder.PAGE_RUNGS + 2) * Chunk.SIZE_BYTES;

    private static final LadderWords WORDS = new LadderWords("demo", new MemberId("a".repeat(32)), 1, Optional.empty());

    private final Ladder ladder = ladder();
    private final Channels channels = new Channels(null, Runnable::run);
    private final PeerLadders ladders =
            new PeerLadders(channels, new Senders(false), new Silence(System::nanoTime), WORDS);
    private final List<AutoCloseable> toClose = new ArrayList<>(List.of(channels));

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable part : toClose) {
            part.close();
        }
    }

    @Test
    void aLadderComesInPartsAndWhole() throws IOException, InterruptedException {
        Member member = member(new LadderService(this::page, WORDS));

        assertThat(ladders.of(member, DIGEST, SIZE_BYTES)).contains(new Ladders.Told(ladder, List.of()));
    }

    @Test
    void whatIsNotThereIsNoLadder() throws IOException, InterruptedException {
        Member member = member(new LadderService(this::page, WORDS));

        assertThat(ladders.of(member, Digest.parse("sha256:" + "cd".repeat(32)), SIZE_BYTES))
                .isEmpty();
        assertThat(ladders.of(member, DIGEST, SIZE_BYTES + Chunk.SIZE_BYTES)).isEmpty();
        assertThat(ladders.of(member, DIGEST, 7L * Chunk.SIZE_BYTES)).isEmpty();
    }

    @Test
    void aMemberThatIsNotThereOffersNone() throws InterruptedException {
        assertThat(ladders.of(member(1), DIGEST, SIZE_BYTES)).isEmpty();
    }

    @Test
    void aBlobOfOneChunkHasALadderWithoutAsking() throws InterruptedException {
        assertThat(ladders.of(member(1), DIGEST, Chunk.SIZE_BYTES)).isPresent();
    }

    @Test
    void answersThatMakeNoSenseAreNoLadder() throws IOException, InterruptedException {
        List<UnaryOperator<ByteString>> hostile = List.of(
                rungs -> ByteString.empty(),
                rungs -> rungs.substring(1),
                rungs -> rungs.substring(0, 33),
                rungs -> rungs.concat(rungs),
                rungs -> ByteString.copyFrom(new byte[256 << 10]));
        for (UnaryOperator<ByteString> lie : hostile) {
            Member member = member(new LaddersGrpc.LaddersImplBase() {
                @Override
                public void read(LadderRequest request, StreamObserver<LadderPart> asker) {
                    ByteString rungs = ByteString.copyFrom(ladder.page(request.getFirstPage()));
                    asker.onNext(
                            LadderPart.newBuilder().setRungs(lie.apply(rungs)).build());
                    asker.onCompleted();
                }
            });
            assertThat(ladders.of(member, DIGEST, 3L * Ladder.PAGE_RUNGS * Chunk.SIZE_BYTES / 2))
                    .isEmpty();
        }
    }

    @Test
    void questionsThatMakeNoSenseAreRefused() throws IOException, InterruptedException {
        List<Integer> asked = new ArrayList<>();
        Member member = member(new LadderService(
                (digest, page) -> {
                    asked.add(page);
                    return Optional.empty();
                },
                WORDS));
        LadderRequest right = LadderRequest.newBuilder()
                .setDigest(ByteString.copyFrom(DIGEST.bytes()))
                .setSizeBytes(SIZE_BYTES)
                .setChunkBytes(Chunk.SIZE_BYTES)
                .build();
        List<LadderRequest> wrong = List.of(
                right.toBuilder().setDigest(ByteString.EMPTY).build(),
                right.toBuilder().setSizeBytes(-1).build(),
                right.toBuilder().setSizeBytes(Chunk.BLOB_BYTES_MAX + 1).build(),
                right.toBuilder().setChunkBytes(1).build(),
                right.toBuilder().setFirstPage(-1).build(),
                right.toBuilder().setFirstPage(Ladder.pageCount(SIZE_BYTES)).build());
        var stub = LaddersGrpc.newBlockingStub(channels.to(new Address("127.0.0.1", member.controlPort())));
        for (LadderRequest request : wrong) {
            assertThatThrownBy(() -> stub.read(request)).hasMessageContaining("INVALID_ARGUMENT");
        }
        assertThat(asked).isEmpty();
    }

    private Optional<byte[]> page(Digest digest, int page) {
        return digest.equals(DIGEST) && page < Ladder.pageCount(SIZE_BYTES)
                ? Optional.of(ladder.page(page))
                : Optional.empty();
    }

    private Member member(BindableService service) throws IOException {
        ControlPort port =
                ControlPort.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), Optional.empty(), service);
        toClose.add(port);
        return member(port.address().getPort());
    }

    private static Member member(int controlPort) {
        return new Member(
                new MemberId("a".repeat(32)), 1, "node", List.of("127.0.0.1"), controlPort, 1, "", "", List.of());
    }

    private static Ladder ladder() {
        List<byte[]> pages = new ArrayList<>();
        Random random = new Random(1);
        for (int page = 0; page < Ladder.pageCount(SIZE_BYTES); page++) {
            byte[] rungs = new byte[Ladder.pageBytes(page, SIZE_BYTES)];
            random.nextBytes(rungs);
            pages.add(rungs);
        }
        return new Ladder(SIZE_BYTES, pages);
    }
}
