package ringpull.control;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;
import ringpull.blob.ImageName;
import ringpull.fetch.ImageFailed;
import ringpull.fetch.ImagePart;
import ringpull.fetch.Images;
import ringpull.fetch.PartProgress;
import ringpull.fetch.Platform;
import ringpull.v1.ImagePullEvent;

/** One pull for one caller: its progress as events. Progress arrives from several threads and leaves one by one. */
final class PullCall {
    private final ServerCallStreamObserver<ImagePullEvent> call;

    PullCall(ServerCallStreamObserver<ImagePullEvent> call) {
        this.call = call;
    }

    void run(Images images, ImageName name, Optional<Platform> platform) throws ImageFailed, InterruptedException {
        Images.Pulled pulled = images.pull(name, platform, this::tell);
        int failed = (int) pulled.parts().stream()
                .filter(part -> part.state() == PartProgress.State.FAILED)
                .count();
        String note = pulled.image()
                .earlier()
                .map(earlier -> "the tag may mean something else by now: " + earlier)
                .orElse("");
        send(ImagePullEvent.newBuilder()
                .setResult(ImagePullEvent.Result.newBuilder()
                        .setImage(name.toString())
                        .setRoot(pulled.image().root().toString())
                        .setFailed(failed)
                        .setNote(note))
                .build());
        complete();
    }

    private void tell(PartProgress progress) {
        // A caller that reads slowly misses steps in between, never an end: so what waits for it is bounded.
        if (progress.state() != PartProgress.State.RUNNING || call.isReady()) {
            ImagePart part = progress.part();
            send(ImagePullEvent.newBuilder()
                    .setBlob(ImagePullEvent.Blob.newBuilder()
                            .setDigest(part.digest().toString())
                            .setSizeBytes(part.sizeBytes())
                            .setReceivedBytes(progress.receivedBytes())
                            .setRole(part.role().toString())
                            .setPlatform(part.platform())
                            .setState(state(progress.state()))
                            .setSource(progress.source())
                            .setPeerBytes(progress.peerBytes())
                            .setOriginBytes(progress.originBytes())
                            .setNote(progress.note()))
                    .build());
        }
    }

    private synchronized void send(ImagePullEvent event) {
        call.onNext(event);
    }

    private synchronized void complete() {
        call.onCompleted();
    }

    private static ImagePullEvent.State state(PartProgress.State state) {
        return switch (state) {
            case WAITING -> ImagePullEvent.State.WAITING;
            case RUNNING -> ImagePullEvent.State.RUNNING;
            case HERE -> ImagePullEvent.State.HERE;
            case DONE -> ImagePullEvent.State.DONE;
            case SKIPPED -> ImagePullEvent.State.SKIPPED;
            case FAILED -> ImagePullEvent.State.FAILED;
        };
    }
}
