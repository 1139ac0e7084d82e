package ringpull.swarm.wire;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.blob.Repository;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.wire.RingNode;
import ringpull.swarm.Answers;
import ringpull.v1.SwarmBytes;
import ringpull.v1.SwarmGrpc;
import ringpull.v1.SwarmTag;
import ringpull.v1.SwarmTagAnswer;
import ringpull.v1.SwarmWish;

/** Asks the homes of tags and manifests; answers nothing where this node is the home itself, or the home does not answer. */
final class HomeAnswers implements Answers {
    private static final long WAIT_MILLIS = 5_000;
    private static final long RECALL_MILLIS = 1_000;

    /** Of two seconds each, where the home is in order: one that says at once that it waits for the origin gets no more. */
    private static final int TURNS_MAX = 8;

    /** Members that are asked what a tag meant: its home, and who would be it next. */
    private static final int RECALLERS = 4;

    private static final int MEDIA_TYPE_CHARS = 256;
    private static final Logger LOG = LoggerFactory.getLogger(HomeAnswers.class);

    private final RingNode ring;
    private final Members members;
    private final String cluster;

    HomeAnswers(RingNode ring, Members members, String cluster) {
        this.ring = ring;
        this.members = members;
        this.cluster = cluster;
    }

    private interface Call<T> {
        T on(SwarmGrpc.SwarmBlockingStub home);
    }

    /** In turns, so that a home that waits for the origin is told from one that hangs. */
    @Override
    public Meaning tag(ImageName tag, Duration within) throws InterruptedException {
        SwarmTag question = question(tag);
        Optional<Member> home = home(name(tag));
        return home.isEmpty()
                ? Unsaid.UNKNOWN
                : inTurns(
                        within,
                        () -> ask(home.get(), WAIT_MILLIS, on -> meaning(on.resolve(question)))
                                .orElse(Unsaid.UNKNOWN));
    }

    interface Turn {
        Meaning take() throws InterruptedException;
    }

    static Meaning inTurns(Duration within, Turn turn) throws InterruptedException {
        long start = System.nanoTime();
        for (int turns = 0; turns < TURNS_MAX; turns++) {
            Meaning said = turn.take();
            if (said != Unsaid.ASKING || System.nanoTime() - start >= within.toNanos()) {
                return said;
            }
        }
        return Unsaid.UNKNOWN;
    }

    private static Meaning meaning(SwarmTagAnswer answer) {
        return switch (answer.getState()) {
            case TOLD -> answer(answer);
            case ASKING -> Unsaid.ASKING;
            case BUSY -> Unsaid.BUSY;
            case ABSENT -> Unsaid.ABSENT;
            case UNRECOGNIZED -> Unsaid.UNKNOWN;
        };
    }

    private SwarmTag question(ImageName tag) {
        return SwarmTag.newBuilder()
                .setCluster(cluster)
                .setSender(SwarmCodec.bytes(ring.self().id()))
                .setTag(tag.toString())
                .build();
    }

    /** Asks several at once: the home may be new, or may not have been asked when it was resolved. */
    @Override
    public Optional<Recalled> recall(ImageName tag) throws InterruptedException {
        SwarmTag question = question(tag);
        List<Callable<Optional<Recalled>>> asked = new ArrayList<>();
        members.order(name(tag), "", RECALLERS + 1).stream()
                .filter(id -> !id.equals(ring.self().id()))
                .limit(RECALLERS)
                .flatMap(id -> members.find(id).stream())
                .forEach(member ->
                        asked.add(() -> ask(member, RECALL_MILLIS, on -> recalled(member, on.recall(question)))));
        List<Recalled> known = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Optional<Recalled>> answer : threads.invokeAll(asked)) {
                answer.get().ifPresent(known::add);
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("asking what " + tag + " meant", e.getCause());
        }
        return known.stream().min(Comparator.comparing(Recalled::age));
    }

    private static Recalled recalled(Member by, SwarmTagAnswer answer) {
        if (answer.getAgeMillis() < 0) {
            throw new IllegalArgumentException("an age of " + Long.toUnsignedString(answer.getAgeMillis()) + " ms");
        }
        return new Recalled(answer(answer), Duration.ofMillis(answer.getAgeMillis()), by.name());
    }

    private static Tag answer(SwarmTagAnswer answer) {
        return new Tag(
                SwarmCodec.digest(answer.getDigest()),
                SwarmCodec.text(answer.getMediaType(), MEDIA_TYPE_CHARS),
                Math.max(0, answer.getSizeBytes()));
    }

    @Override
    public Optional<Inline> manifest(Digest digest, Repository repository) throws InterruptedException {
        SwarmWish wish = wish(digest, repository);
        return askHome(digest, home -> bytes(home.inline(wish)));
    }

    /** A home of an earlier release does not know the call. */
    @Override
    public Optional<Inline> small(Digest digest, Repository repository) throws InterruptedException {
        SwarmWish wish = wish(digest, repository);
        return askHome(digest, home -> bytes(home.small(wish)));
    }

    private SwarmWish wish(Digest digest, Repository repository) {
        return SwarmWish.newBuilder()
                .setCluster(cluster)
                .setSender(SwarmCodec.bytes(ring.self().id()))
                .setDigest(SwarmCodec.bytes(digest))
                .setRepository(repository.toString())
                .build();
    }

    private static Inline bytes(SwarmBytes bytes) {
        return new Inline(bytes.getContent().toByteArray(), SwarmCodec.text(bytes.getMediaType(), MEDIA_TYPE_CHARS));
    }

    /** Whether this node ranks itself first, so that it may fetch for others. */
    boolean isHome(Digest digest) {
        List<MemberId> first = members.order(digest, "", 1);
        return !first.isEmpty() && first.getFirst().equals(ring.self().id());
    }

    /** Under what a tag has a rendezvous order. */
    static Digest name(ImageName tag) {
        try {
            return Digest.ofBytes(
                    MessageDigest.getInstance("SHA-256").digest(("tag " + tag).getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Empty if that is this node, or nobody. */
    private Optional<Member> home(Digest about) {
        return members.order(about, "", 1).stream()
                .findFirst()
                .filter(id -> !id.equals(ring.self().id()))
                .flatMap(members::find);
    }

    private <T> Optional<T> askHome(Digest about, Call<T> call) throws InterruptedException {
        Optional<Member> home = home(about);
        return home.isEmpty() ? Optional.empty() : ask(home.get(), WAIT_MILLIS, call);
    }

    private <T> Optional<T> ask(Member member, long waitMillis, Call<T> call) throws InterruptedException {
        Channel channel = ring.channel(member);
        try {
            return Optional.of(
                    call.on(SwarmGrpc.newBlockingStub(channel).withDeadlineAfter(waitMillis, TimeUnit.MILLISECONDS)));
        } catch (IllegalArgumentException e) {
            LOG.warn("{} answers what makes no sense: {}", member.name(), e.getMessage());
            return Optional.empty();
        } catch (StatusRuntimeException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException("while " + member.name() + " was asked");
            }
            if (e.getStatus().getCode() == Status.Code.UNAVAILABLE) {
                ring.discard(member, channel);
            }
            LOG.debug("{} does not say what it is asked: {}", member.name(), e.getStatus());
            return Optional.empty();
        }
    }
}
