package ringpull.blame.wire;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.Member;
import ringpull.ring.wire.RingNode;
import ringpull.v1.ChunkReply;
import ringpull.v1.ChunkRequest;
import ringpull.v1.ChunksGrpc;

/** Reads chunks from members' control ports. For any thread. */
public final class ChunkCaller {
    private static final Logger log = LoggerFactory.getLogger(ChunkCaller.class);
    private static final long ANSWER_MILLIS_MAX = 5_000;

    private final RingNode ring;

    public ChunkCaller(RingNode ring) {
        this.ring = ring;
    }

    /** The bytes of a chunk; empty if the member does not give it. */
    public Optional<byte[]> read(Member member, Digest digest, int chunk) throws InterruptedException {
        Channel channel = ring.channel(member);
        try {
            ChunkReply reply = ChunksGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(ANSWER_MILLIS_MAX, TimeUnit.MILLISECONDS)
                    .read(ChunkRequest.newBuilder()
                            .setDigest(ByteString.copyFrom(digest.bytes()))
                            .setChunk(chunk)
                            .setChunkBytes(Chunk.SIZE_BYTES)
                            .build());
            return Optional.of(reply.getBytes().toByteArray());
        } catch (StatusRuntimeException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            log.debug("no chunk {} of {} from {}: {}", chunk, digest, member.name(), e.getStatus());
            return Optional.empty();
        }
    }
}
