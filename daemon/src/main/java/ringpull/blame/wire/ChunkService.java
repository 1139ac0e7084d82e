package ringpull.blame.wire;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.v1.ChunkReply;
import ringpull.v1.ChunkRequest;
import ringpull.v1.ChunksGrpc;

/** Gives chunks to members to whom they came changed on another way. */
public final class ChunkService extends ChunksGrpc.ChunksImplBase {
    /** Chunks that are read at one time. */
    private static final int READS_MAX = 4;

    private final Source source;
    private final Semaphore reads = new Semaphore(READS_MAX);

    /** Where chunks are. */
    public interface Source {
        /** The bytes of a chunk that this node may serve; empty: it is not here. */
        Optional<byte[]> read(Digest digest, int chunk) throws IOException;
    }

    public ChunkService(Source source) {
        this.source = source;
    }

    @Override
    public void read(ChunkRequest request, StreamObserver<ChunkReply> asker) {
        boolean makesSense = request.getDigest().size() == Digest.SIZE_BYTES
                && request.getChunkBytes() == Chunk.SIZE_BYTES
                && request.getChunk() >= 0
                && request.getChunk() < Chunk.count(Chunk.BLOB_BYTES_MAX);
        if (!makesSense) {
            refuse(asker, Status.INVALID_ARGUMENT, "no such chunk");
            return;
        }
        if (!reads.tryAcquire()) {
            refuse(asker, Status.RESOURCE_EXHAUSTED, "other chunks are being read");
            return;
        }
        try {
            Optional<byte[]> bytes =
                    source.read(Digest.ofBytes(request.getDigest().toByteArray()), request.getChunk());
            if (bytes.isEmpty()) {
                refuse(asker, Status.NOT_FOUND, "that chunk is not here");
                return;
            }
            asker.onNext(ChunkReply.newBuilder()
                    .setBytes(ByteString.copyFrom(bytes.get()))
                    .build());
            asker.onCompleted();
        } catch (IOException e) {
            refuse(asker, Status.UNAVAILABLE, "that chunk cannot be read");
        } finally {
            reads.release();
        }
    }

    private static void refuse(StreamObserver<?> asker, Status status, String why) {
        asker.onError(status.withDescription(why).asRuntimeException());
    }
}
