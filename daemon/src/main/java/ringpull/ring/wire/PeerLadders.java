package ringpull.ring.wire;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.ring.Address;
import ringpull.ring.LadderWord;
import ringpull.ring.Ladders;
import ringpull.ring.Member;
import ringpull.v1.LadderPart;
import ringpull.v1.LadderRequest;
import ringpull.v1.LaddersGrpc;

/** Asks members for ladders on their control ports. */
final class PeerLadders implements Ladders {
    private static final Logger log = LoggerFactory.getLogger(PeerLadders.class);

    /** A ladder saves time; one that takes longer than this does not. */
    private static final long ANSWER_MILLIS_MAX = 2_000;

    private final Channels channels;
    private final Senders senders;
    private final Silence silence;
    private final LadderWords words;

    PeerLadders(Channels channels, Senders senders, Silence silence, LadderWords words) {
        this.channels = channels;
        this.senders = senders;
        this.silence = silence;
        this.words = words;
    }

    @Override
    public Optional<Told> of(Member member, Digest digest, long sizeBytes) throws InterruptedException {
        Address address = new Address(member.addresses().getFirst(), member.controlPort());
        if (silence.is(address)) {
            return Optional.empty();
        }
        ManagedChannel channel = channels.to(address);
        List<byte[]> pages = new ArrayList<>();
        List<LadderWord> said = new ArrayList<>();
        boolean signed = true;
        try {
            while (pages.size() < Ladder.pageCount(sizeBytes)) {
                ClientCall<LadderRequest, LadderPart> call = channel.newCall(
                        LaddersGrpc.getReadMethod(),
                        CallOptions.DEFAULT.withDeadlineAfter(ANSWER_MILLIS_MAX, TimeUnit.MILLISECONDS));
                LadderPart part = ClientCalls.blockingUnaryCall(
                        call,
                        LadderRequest.newBuilder()
                                .setDigest(ByteString.copyFrom(digest.bytes()))
                                .setSizeBytes(sizeBytes)
                                .setChunkBytes(Chunk.SIZE_BYTES)
                                .setFirstPage(pages.size())
                                .build());
                if (!senders.isOf(call, member.id())) {
                    log.info("{} answers with another member's certificate: no ladder of {}", member.name(), digest);
                    return Optional.empty();
                }
                Optional<LadderWord> word = words.check(member, digest, pages.size(), part);
                word.ifPresent(said::add);
                signed &= word.isPresent();
                if (!cut(part.getRungs(), sizeBytes, pages)) {
                    log.info("{} sent a ladder of {} that makes no sense", member.name(), digest);
                    return Optional.empty();
                }
            }
            return Optional.of(new Told(new Ladder(sizeBytes, pages), signed ? said : List.of()));
        } catch (StatusRuntimeException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            if (e.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED) {
                silence.begins(address);
            }
            log.debug("no ladder of {} from {}: {}", digest, member.name(), e.getStatus());
            return Optional.empty();
        }
    }

    /** Cuts an answer into pages; false unless it holds one or more, and nothing else. */
    private static boolean cut(ByteString rungs, long sizeBytes, List<byte[]> pages) {
        int at = 0;
        while (at < rungs.size() && pages.size() < Ladder.pageCount(sizeBytes)) {
            int length = Ladder.pageBytes(pages.size(), sizeBytes);
            if (length > rungs.size() - at) {
                return false;
            }
            pages.add(rungs.substring(at, at + length).toByteArray());
            at += length;
        }
        return at > 0 && at == rungs.size();
    }
}
