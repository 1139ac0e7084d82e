package ringpull.swarm.wire;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Optional;
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

    @Override
    public Optional<Tag> tag(ImageName tag) throws InterruptedException {
        SwarmTag question = SwarmTag.newBuilder()
                .setCluster(cluster)
                .setSender(SwarmCodec.bytes(ring.self().id()))
                .setTag(tag.toString())
                .build();
        return ask(name(tag), home -> answer(home.resolve(question)));
    }

    private static Tag answer(SwarmTagAnswer answer) {
        return new Tag(
                SwarmCodec.digest(answer.getDigest()),
                SwarmCodec.text(answer.getMediaType(), MEDIA_TYPE_CHARS),
                Math.max(0, answer.getSizeBytes()));
    }

    @Override
    public Optional<Inline> manifest(Digest digest, Repository repository) throws InterruptedException {
        SwarmWish wish = SwarmWish.newBuilder()
                .setCluster(cluster)
                .setSender(SwarmCodec.bytes(ring.self().id()))
                .setDigest(SwarmCodec.bytes(digest))
                .setRepository(repository.toString())
                .build();
        return ask(digest, home -> bytes(home.inline(wish)));
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

    private <T> Optional<T> ask(Digest about, Call<T> call) throws InterruptedException {
        Optional<Member> home = members.order(about, "", 1).stream().findFirst().flatMap(members::find);
        if (home.isEmpty() || home.get().id().equals(ring.self().id())) {
            return Optional.empty();
        }
        Channel channel = ring.channel(home.get());
        try {
            return Optional.of(
                    call.on(SwarmGrpc.newBlockingStub(channel).withDeadlineAfter(WAIT_MILLIS, TimeUnit.MILLISECONDS)));
        } catch (IllegalArgumentException e) {
            LOG.warn("{} answers what makes no sense: {}", home.get().name(), e.getMessage());
            return Optional.empty();
        } catch (StatusRuntimeException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException("while " + home.get().name() + " was asked");
            }
            if (e.getStatus().getCode() == Status.Code.UNAVAILABLE) {
                ring.discard(home.get(), channel);
            }
            LOG.debug("{} does not say what it is asked: {}", home.get().name(), e.getStatus());
            return Optional.empty();
        }
    }
}
