package ringpull.control;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.fetch.Image;
import ringpull.fetch.ImageFailed;
import ringpull.fetch.Platform;
import ringpull.v1.ControlGrpc;
import ringpull.v1.HoldersReply;
import ringpull.v1.HoldersRequest;
import ringpull.v1.ImagePullEvent;
import ringpull.v1.ImagePullRequest;
import ringpull.v1.MembersReply;
import ringpull.v1.MembersRequest;
import ringpull.v1.RingOrderReply;
import ringpull.v1.RingOrderRequest;
import ringpull.v1.StatusReply;
import ringpull.v1.StatusRequest;
import ringpull.v1.TraceReply;
import ringpull.v1.TraceRequest;
import ringpull.v1.VerifyEvent;
import ringpull.v1.VerifyRequest;

/** Takes the calls apart, bounds how many run, and says in gRPC's words what went wrong. */
final class ControlService extends ControlGrpc.ControlImplBase {
    private static final Logger log = LoggerFactory.getLogger(ControlService.class);

    /** Short calls, and pulls, that run at one time. */
    static final int CALLS_MAX = 64;

    static final int PULLS_MAX = 8;

    /** Each uses every core. */
    static final int VERIFICATIONS_MAX = 1;

    /** An image reference has at most 255 + 255 + 128 characters and a digest. */
    private static final int REFERENCE_CHARS_MAX = 1024;

    /** What fits into the trailer of a refused call beside everything else. */
    private static final int DESCRIPTION_CHARS_MAX = 2000;

    private final ControlServer.Sources sources;
    private final ExecutorService threads;
    private final Semaphore calls = new Semaphore(CALLS_MAX);
    private final Semaphore pulls = new Semaphore(PULLS_MAX);
    private final Semaphore verifications = new Semaphore(VERIFICATIONS_MAX);

    ControlService(ControlServer.Sources sources, ExecutorService threads) {
        this.sources = sources;
        this.threads = threads;
    }

    /** One call's work. */
    private interface Answer<T> {
        T make() throws ImageFailed, InterruptedException;
    }

    @Override
    public void status(StatusRequest request, StreamObserver<StatusReply> observer) {
        unary(observer, () -> StatusAnswer.of(sources));
    }

    @Override
    public void members(MembersRequest request, StreamObserver<MembersReply> observer) {
        unary(observer, () -> MembersAnswer.of(sources.membership(), sources.reputation()));
    }

    @Override
    public void holders(HoldersRequest request, StreamObserver<HoldersReply> observer) {
        unary(observer, () -> {
            HoldersAnswer answer = new HoldersAnswer(sources.membership(), sources.holders(), sources.store());
            Optional<Digest> digest = Digest.tryParse(request.getReference());
            return digest.isPresent()
                    ? answer.of(digest.get())
                    : answer.of(describe(request.getReference(), request.getPlatform()));
        });
    }

    @Override
    public void ringOrder(RingOrderRequest request, StreamObserver<RingOrderReply> observer) {
        unary(observer, () -> {
            Digest digest = Digest.tryParse(request.getDigest())
                    .orElseThrow(() -> invalid("not a digest: sha256:<64 hex digits>"));
            return RingOrderAnswer.of(sources, digest, request.getLimit());
        });
    }

    @Override
    public void trace(TraceRequest request, StreamObserver<TraceReply> observer) {
        unary(observer, () -> {
            Optional<Digest> digest = Digest.tryParse(request.getReference());
            return digest.isPresent()
                    ? TraceAnswer.of(sources.journal(), digest.get())
                    : TraceAnswer.of(sources.journal(), describe(request.getReference(), request.getPlatform()));
        });
    }

    private Image describe(String reference, String platform) throws ImageFailed, InterruptedException {
        return sources.images().describe(imageName(reference), platform(platform));
    }

    @Override
    public void pull(ImagePullRequest request, StreamObserver<ImagePullEvent> observer) {
        ServerCallStreamObserver<ImagePullEvent> call = (ServerCallStreamObserver<ImagePullEvent>) observer;
        streaming(
                call,
                pulls,
                PULLS_MAX + " pulls run already: try again when one has ended",
                () -> new PullCall(call)
                        .run(sources.images(), imageName(request.getImage()), platform(request.getPlatform())));
    }

    @Override
    public void verify(VerifyRequest request, StreamObserver<VerifyEvent> observer) {
        ServerCallStreamObserver<VerifyEvent> call = (ServerCallStreamObserver<VerifyEvent>) observer;
        streaming(call, verifications, "a verification runs already: try again when it has ended", () -> {
            String text = request.getDigest();
            Optional<Digest> digest = Digest.tryParse(text);
            if (digest.isEmpty() && !text.isEmpty()) {
                throw invalid("not a digest of the form sha256:<64 lower-case hex digits>");
            }
            new VerifyCall(call).run(sources.verifier(), sources.store(), digest);
        });
    }

    /** A call that goes on. */
    private interface Stream {
        void run() throws ImageFailed, InterruptedException;
    }

    private void streaming(ServerCallStreamObserver<?> call, Semaphore permits, String refusal, Stream stream) {
        if (!permits.tryAcquire()) {
            call.onError(Status.RESOURCE_EXHAUSTED.withDescription(refusal).asRuntimeException());
            return;
        }
        // On a thread of its own: gRPC tells of a caller that went away only when this method has returned.
        CompletableFuture<Thread> runner = new CompletableFuture<>();
        threads.execute(() -> {
            runner.complete(Thread.currentThread());
            try {
                stream.run();
            } catch (ImageFailed | InterruptedException | RuntimeException e) {
                fail(call, e);
            } finally {
                permits.release();
            }
        });
        call.setOnCancelHandler(() -> {
            var _ = runner.thenAccept(Thread::interrupt);
        });
    }

    private <T> void unary(StreamObserver<T> observer, Answer<T> answer) {
        if (!calls.tryAcquire()) {
            observer.onError(Status.RESOURCE_EXHAUSTED
                    .withDescription(CALLS_MAX + " calls run already: try again later")
                    .asRuntimeException());
            return;
        }
        try {
            observer.onNext(answer.make());
            observer.onCompleted();
        } catch (ImageFailed | InterruptedException | RuntimeException e) {
            fail(observer, e);
        } finally {
            calls.release();
        }
    }

    private static ImageName imageName(String text) {
        if (text.length() > REFERENCE_CHARS_MAX) {
            throw invalid("an image reference of " + text.length() + " characters is none");
        }
        try {
            return ImageName.parse(text);
        } catch (IllegalArgumentException e) {
            throw invalid("neither a digest (sha256:<64 hex digits>) nor an image reference: " + e.getMessage());
        }
    }

    /** Empty: every platform. */
    private static Optional<Platform> platform(String text) {
        try {
            return switch (text) {
                case "" -> Optional.of(Platform.host());
                case "all" -> Optional.empty();
                default -> Optional.of(Platform.parse(text));
            };
        } catch (IllegalArgumentException e) {
            throw invalid(String.valueOf(e.getMessage()));
        }
    }

    private static StatusRuntimeException invalid(String why) {
        return Status.INVALID_ARGUMENT.withDescription(why).asRuntimeException();
    }

    private static void fail(StreamObserver<?> observer, Exception failure) {
        Status status = switch (failure) {
            case ImageFailed e when e.notFound() -> Status.NOT_FOUND.withDescription(e.getMessage());
            case ImageFailed e -> Status.FAILED_PRECONDITION.withDescription(e.getMessage());
            case StatusRuntimeException e -> e.getStatus();
            case InterruptedException e -> Status.ABORTED.withDescription("the daemon stops");
            case Exception e -> {
                log.error("a call of the command line met a defect", e);
                yield Status.INTERNAL.withDescription("the daemon met a defect, see its log: " + e);
            }
        };
        String description = String.valueOf(status.getDescription());
        if (description.length() > DESCRIPTION_CHARS_MAX) {
            status = status.withDescription(description.substring(0, DESCRIPTION_CHARS_MAX) + "…");
        }
        observer.onError(status.asRuntimeException());
    }
}
