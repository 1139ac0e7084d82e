package ringpull.control;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import ringpull.blob.Digest;
import ringpull.hash.Sha256;
import ringpull.scrub.Verified;
import ringpull.scrub.Verifier;
import ringpull.store.BlobStore;
import ringpull.store.StoredBlob;
import ringpull.v1.VerifyEvent;

/** One verification for one caller, blob by blob. */
final class VerifyCall {
    /** Bytes between two events about one blob, at least. */
    private static final long PROGRESS_BYTES = 256L << 20;

    private final ServerCallStreamObserver<VerifyEvent> call;

    VerifyCall(ServerCallStreamObserver<VerifyEvent> call) {
        this.call = call;
    }

    /** @param digest empty: all that are here now */
    void run(Verifier verifier, BlobStore store, Optional<Digest> digest) throws InterruptedException {
        List<StoredBlob> blobs = digest.isPresent()
                ? store.find(digest.get()).stream().toList()
                : store.list().stream()
                        .sorted(Comparator.comparing(StoredBlob::digest))
                        .toList();
        if (digest.isPresent() && blobs.isEmpty()) {
            throw Status.NOT_FOUND
                    .withDescription(digest.get() + " is not complete on this node")
                    .asRuntimeException();
        }
        VerifyEvent.Result.Builder result =
                VerifyEvent.Result.newBuilder().setHasher(Sha256.fastest().name());
        for (StoredBlob blob : blobs) {
            Verified verified = verifier.verify(blob.digest(), new Report(blob));
            switch (verified.outcome()) {
                case SOUND -> result.setBytes(result.getBytes() + verified.sizeBytes());
                case DAMAGED -> result.setDamaged(result.getDamaged() + 1);
                case FAILED -> result.setFailed(result.getFailed() + 1);
                case GONE -> {}
            }
            result.setBlobs(result.getBlobs() + 1);
            send(VerifyEvent.newBuilder().setBlob(ended(blob, verified)).build());
        }
        send(VerifyEvent.newBuilder().setResult(result).build());
        call.onCompleted();
    }

    /** Now and then an event while a large blob is proven. */
    private final class Report implements Verifier.Progress {
        private final StoredBlob blob;
        private final AtomicLong verified = new AtomicLong();

        Report(StoredBlob blob) {
            this.blob = blob;
        }

        @Override
        public void verified(long bytes) {
            long now = verified.addAndGet(bytes);
            boolean due = now / PROGRESS_BYTES > (now - bytes) / PROGRESS_BYTES;
            // A caller that reads slowly misses steps in between, never an end: so what waits for it is bounded.
            if (due && call.isReady()) {
                send(VerifyEvent.newBuilder()
                        .setBlob(VerifyEvent.Blob.newBuilder()
                                .setDigest(blob.digest().toString())
                                .setSizeBytes(blob.sizeBytes())
                                .setVerifiedBytes(now)
                                .setState(VerifyEvent.State.RUNNING))
                        .build());
            }
        }
    }

    private static VerifyEvent.Blob.Builder ended(StoredBlob blob, Verified verified) {
        return VerifyEvent.Blob.newBuilder()
                .setDigest(blob.digest().toString())
                .setSizeBytes(blob.sizeBytes())
                .setVerifiedBytes(verified.sizeBytes())
                .setState(
                        switch (verified.outcome()) {
                            case SOUND -> VerifyEvent.State.SOUND;
                            case DAMAGED -> VerifyEvent.State.DAMAGED;
                            case FAILED -> VerifyEvent.State.FAILED;
                            case GONE -> VerifyEvent.State.GONE;
                        })
                .setDamagedChunks(verified.damagedChunks())
                .setNote(verified.note());
    }

    private synchronized void send(VerifyEvent event) {
        call.onNext(event);
    }
}
