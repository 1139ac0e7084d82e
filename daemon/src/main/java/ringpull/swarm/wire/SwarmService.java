package ringpull.swarm.wire;

import com.google.protobuf.ByteString;
import io.grpc.BindableService;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.blob.Repository;
import ringpull.ring.MemberId;
import ringpull.ring.wire.ControlPort;
import ringpull.swarm.Answers;
import ringpull.swarm.Event;
import ringpull.swarm.Message;
import ringpull.swarm.Statement;
import ringpull.swarm.SwarmLimits;
import ringpull.v1.SwarmBytes;
import ringpull.v1.SwarmGrpc;
import ringpull.v1.SwarmHeard;
import ringpull.v1.SwarmMessage;
import ringpull.v1.SwarmTag;
import ringpull.v1.SwarmTagAnswer;
import ringpull.v1.SwarmTold;
import ringpull.v1.SwarmWish;

/** Hears other members on the control port; until there is a {@link SwarmNode} it refuses. */
public final class SwarmService extends SwarmGrpc.SwarmImplBase implements BindableService {
    /** Messages in one call. */
    private static final int MESSAGES_MAX = Outbox.WAITING_MAX;

    /** Askers of tags and manifests that are answered at a time. */
    private static final int ASKERS_MAX = 1_024;

    private static final int TAG_CHARS = 1_024;

    /** An asker hears so often that its question is still one. */
    private static final Duration TURN = Duration.ofSeconds(2);

    private final String cluster;
    private final Semaphore room = new Semaphore(ASKERS_MAX);
    private final Allowance allowance = new Allowance();
    private volatile Answers answers = Answers.NONE;
    private volatile @Nullable Belief belief;
    private volatile @Nullable SwarmNode node;

    public SwarmService(String cluster) {
        this.cluster = cluster;
    }

    /** Hears from now on; until then it refuses. */
    public void serve(SwarmNode by, Belief judge) {
        belief = judge;
        node = by;
    }

    /** Where tags and manifests come from, for others. */
    public void answer(Answers from) {
        answers = from;
    }

    @Override
    public StreamObserver<SwarmTold> tell(StreamObserver<SwarmHeard> asker) {
        return new StreamObserver<>() {
            private boolean ended;

            @Override
            public void onNext(SwarmTold told) {
                if (ended) {
                    return;
                }
                if (asker instanceof ServerCallStreamObserver<SwarmHeard> call && !call.isReady()) {
                    end(Status.RESOURCE_EXHAUSTED.withDescription("the sender does not take the answers"));
                    return;
                }
                hear(told).ifPresentOrElse(this::end, () -> asker.onNext(SwarmHeard.getDefaultInstance()));
            }

            private void end(Status why) {
                ended = true;
                asker.onError(why.asRuntimeException());
            }

            @Override
            public void onError(Throwable gone) {
                ended = true;
            }

            @Override
            public void onCompleted() {
                if (!ended) {
                    asker.onCompleted();
                }
            }
        };
    }

    /** Empty: heard; else why not. */
    private Optional<Status> hear(SwarmTold told) {
        SwarmNode hearing = node;
        Belief judge = belief;
        if (hearing == null || judge == null) {
            return refusal(Status.UNAVAILABLE, "this daemon is starting or stopping");
        }
        if (!told.getCluster().equals(cluster)) {
            return refusal(Status.FAILED_PRECONDITION, "this daemon belongs to another ring");
        }
        MemberId from;
        List<Message> messages = new ArrayList<>();
        try {
            from = SwarmCodec.member(told.getSender());
            if (told.getMessagesCount() > MESSAGES_MAX) {
                throw new IllegalArgumentException("more than " + MESSAGES_MAX + " messages");
            }
            for (SwarmMessage message : told.getMessagesList()) {
                if (message.getBodyCase() != SwarmMessage.BodyCase.BODY_NOT_SET) { // of a later release
                    messages.add(SwarmCodec.decode(message));
                }
            }
        } catch (IllegalArgumentException e) {
            return refusal(Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
        }
        if (!ControlPort.speaksAs(from) || hearing.member(from).isEmpty()) {
            return refusal(Status.FAILED_PRECONDITION, "this member does not know the sender");
        }
        for (Message message : messages) {
            Optional<Message> heard = believed(judge, from, message);
            if (heard.isPresent() && !hearing.heard(new Event.Received(from, heard.get()))) {
                return refusal(Status.RESOURCE_EXHAUSTED, "too much to do");
            }
        }
        return Optional.empty();
    }

    private static Optional<Status> refusal(Status status, String reason) {
        return Optional.of(status.withDescription(reason));
    }

    @Override
    public void resolve(SwarmTag question, StreamObserver<SwarmTagAnswer> asker) {
        answer(question.getCluster(), question.getSender(), asker, () -> switch (answers.tag(tag(question), TURN)) {
            case Answers.Tag found -> Optional.of(answer(found).build());
            case Answers.Unsaid unsaid ->
                state(unsaid)
                        .map(state ->
                                SwarmTagAnswer.newBuilder().setState(state).build());
        });
    }

    private static Optional<SwarmTagAnswer.State> state(Answers.Unsaid unsaid) {
        return switch (unsaid) {
            case ASKING -> Optional.of(SwarmTagAnswer.State.ASKING);
            case BUSY -> Optional.of(SwarmTagAnswer.State.BUSY);
            case ABSENT -> Optional.of(SwarmTagAnswer.State.ABSENT);
            case UNKNOWN -> Optional.empty();
        };
    }

    @Override
    public void recall(SwarmTag question, StreamObserver<SwarmTagAnswer> asker) {
        answer(
                question.getCluster(),
                question.getSender(),
                asker,
                () -> answers.recall(tag(question))
                        .map(found -> answer(found.tag())
                                .setAgeMillis(found.age().toMillis())
                                .build()));
    }

    private static ImageName tag(SwarmTag question) {
        return ImageName.parse(SwarmCodec.text(question.getTag(), TAG_CHARS));
    }

    private static SwarmTagAnswer.Builder answer(Answers.Tag tag) {
        return SwarmTagAnswer.newBuilder()
                .setDigest(SwarmCodec.bytes(tag.digest()))
                .setMediaType(tag.mediaType())
                .setSizeBytes(tag.sizeBytes());
    }

    @Override
    public void inline(SwarmWish wish, StreamObserver<SwarmBytes> asker) {
        answer(
                wish.getCluster(),
                wish.getSender(),
                asker,
                () -> told(wish, answers::manifest).map(SwarmService::bytes));
    }

    @Override
    public void small(SwarmWish wish, StreamObserver<SwarmBytes> asker) {
        answer(wish.getCluster(), wish.getSender(), asker, () -> {
            MemberId from = SwarmCodec.member(wish.getSender());
            Optional<Answers.Inline> found =
                    allowance.isLeft(from, System.nanoTime()) ? told(wish, answers::small) : Optional.empty();
            // Many may have asked in between.
            int length = found.map(blob -> blob.bytes().length).orElse(0);
            if (!allowance.take(from, length, System.nanoTime())) {
                throw new Exhausted("told enough small blobs for now");
            }
            return found.map(SwarmService::bytes);
        });
    }

    private interface Source {
        Optional<Answers.Inline> of(Digest digest, Repository repository) throws InterruptedException;
    }

    /** Only of what this node is the home, so that it is fetched once. */
    private Optional<Answers.Inline> told(SwarmWish wish, Source source) throws InterruptedException {
        Digest digest = SwarmCodec.digest(wish.getDigest());
        SwarmNode hearing = node;
        if (hearing == null || !hearing.isHome(digest)) {
            return Optional.empty();
        }
        return source.of(digest, repository(SwarmCodec.text(wish.getRepository(), SwarmLimits.SOURCE_CHARS)));
    }

    private static SwarmBytes bytes(Answers.Inline found) {
        return SwarmBytes.newBuilder()
                .setContent(ByteString.copyFrom(found.bytes()))
                .setMediaType(found.mediaType())
                .build();
    }

    private static Repository repository(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException("not a repository: " + text);
        }
        return new Repository(text.substring(0, slash), text.substring(slash + 1));
    }

    /** There was too much to do. */
    private static final class Exhausted extends RuntimeException {
        Exhausted(String message) {
            super(message);
        }
    }

    private interface Answer<T> {
        Optional<T> get() throws InterruptedException;
    }

    /** On a thread of its own, since the origin may take its time; at most so many at once. */
    private <T> void answer(String ofCluster, ByteString sender, StreamObserver<T> asker, Answer<T> answer) {
        SwarmNode hearing = node;
        if (hearing == null) {
            refuse(asker, Status.UNAVAILABLE, "this daemon is starting or stopping");
            return;
        }
        try {
            MemberId from = SwarmCodec.member(sender);
            if (!ofCluster.equals(cluster)
                    || !ControlPort.speaksAs(from)
                    || hearing.member(from).isEmpty()) {
                refuse(asker, Status.FAILED_PRECONDITION, "this member does not know the sender");
                return;
            }
        } catch (IllegalArgumentException e) {
            refuse(asker, Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
            return;
        }
        if (!room.tryAcquire()) {
            refuse(asker, Status.RESOURCE_EXHAUSTED, "too much to do");
            return;
        }
        var _ = Thread.ofVirtual().name("answer").start(() -> {
            try {
                Optional<T> found = answer.get();
                if (found.isPresent()) {
                    asker.onNext(found.get());
                    asker.onCompleted();
                } else {
                    refuse(asker, Status.NOT_FOUND, "ask the origin");
                }
            } catch (IllegalArgumentException e) {
                refuse(asker, Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
            } catch (Exhausted e) {
                refuse(asker, Status.RESOURCE_EXHAUSTED, String.valueOf(e.getMessage()));
            } catch (InterruptedException e) {
                refuse(asker, Status.UNAVAILABLE, "this daemon stops");
            } finally {
                room.release();
            }
        });
    }

    /** A message without what does not count; empty: nothing is left of it. */
    private static Optional<Message> believed(Belief judge, MemberId from, Message message) {
        return switch (message) {
            case Message.Hello m
            when judge.hears(from) ->
                Optional.of(new Message.Hello(
                        m.digest(), m.reply(), m.have(), believed(judge, from, m.digest(), m.statements())));
            case Message.Have m
            when judge.hears(from) ->
                Optional.of(new Message.Have(m.digest(), m.runs(), believed(judge, from, m.digest(), m.statements())));
            case Message.Hello _, Message.Have _ -> Optional.empty();
            // Work for one that is not believed would have to be done again.
            case Message.Report m -> judge.hears(m.puller()) ? Optional.of(m) : Optional.empty();
            // What homes and registries' homes say is no claim about bytes.
            case Message.Grant _, Message.Bye _, Message.Probe _, Message.Alive _, Message.Need _, Message.Allow _ ->
                Optional.of(message);
        };
    }

    private static List<Statement> believed(Belief judge, MemberId from, Digest digest, List<Statement> statements) {
        List<Statement> believed = new ArrayList<>(statements.size());
        for (Statement statement : statements) {
            judge.believed(from, digest, statement).ifPresent(believed::add);
        }
        return List.copyOf(believed);
    }

    private static void refuse(StreamObserver<?> asker, Status status, String reason) {
        asker.onError(status.withDescription(reason).asRuntimeException());
    }
}
