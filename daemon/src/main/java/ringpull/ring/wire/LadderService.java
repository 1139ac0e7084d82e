package ringpull.ring.wire;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.v1.LadderPart;
import ringpull.v1.LadderRequest;
import ringpull.v1.LaddersGrpc;

/** Hands out this node's ladders to members. */
public final class LadderService extends LaddersGrpc.LaddersImplBase {
    private static final Logger log = LoggerFactory.getLogger(LadderService.class);

    /** Pages in one answer: 64 KiB. */
    static final int PAGES_MAX = 4;

    private final Pages pages;
    private final LadderWords words;

    /** Where ladders are kept. */
    public interface Pages {
        /** Empty if the blob, its ladder or this page is not there. */
        Optional<byte[]> page(Digest digest, int page) throws IOException;
    }

    public LadderService(Pages pages, LadderWords words) {
        this.pages = pages;
        this.words = words;
    }

    @Override
    public void read(LadderRequest request, StreamObserver<LadderPart> asker) {
        long sizeBytes = request.getSizeBytes();
        int first = request.getFirstPage();
        boolean makesSense = request.getDigest().size() == Digest.SIZE_BYTES
                && sizeBytes >= 0
                && sizeBytes <= Chunk.BLOB_BYTES_MAX
                && request.getChunkBytes() == Chunk.SIZE_BYTES
                && first >= 0
                && first < Ladder.pageCount(sizeBytes);
        if (!makesSense) {
            refuse(asker, Status.INVALID_ARGUMENT, "no such part of a ladder");
            return;
        }
        Digest digest = Digest.ofBytes(request.getDigest().toByteArray());
        try {
            ByteString rungs = ByteString.empty();
            int end = Math.min(Ladder.pageCount(sizeBytes), first + PAGES_MAX);
            for (int page = first; page < end; page++) {
                Optional<byte[]> found = pages.page(digest, page);
                if (found.isEmpty() || found.get().length != Ladder.pageBytes(page, sizeBytes)) {
                    refuse(asker, Status.NOT_FOUND, "there is no such ladder here");
                    return;
                }
                rungs = rungs.concat(ByteString.copyFrom(found.get()));
            }
            asker.onNext(words.sign(digest, first, rungs));
            asker.onCompleted();
        } catch (IOException e) {
            log.warn("the ladder of {} cannot be read: {}", digest, e.toString());
            refuse(asker, Status.UNAVAILABLE, "the ladder cannot be read");
        }
    }

    private static void refuse(StreamObserver<LadderPart> asker, Status status, String why) {
        asker.onError(status.withDescription(why).asRuntimeException());
    }
}
