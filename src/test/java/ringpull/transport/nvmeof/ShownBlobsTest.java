package ringpull.transport.nvmeof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.Digest;
import ringpull.helper.Endpoint;
import ringpull.helper.WillingHelper;
import ringpull.os.Descriptor;
import ringpull.transport.ChunkSource;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/** Leases on a clock of the test's, and what the helper is told of them. */
@Timeout(120)
class ShownBlobsTest {
    private static final Endpoint ENDPOINT =
            new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("127.0.0.1"), 4420);
    private static final Digest ONE = digest(1);
    private static final Digest OTHER = digest(2);
    private static final Duration MOMENT = Duration.ofSeconds(1);

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
    private final Sessions sessions = new Sessions(now::get);
    private final Session session = sessions.make("a");
    private final List<OneCopy> copies = new ArrayList<>();

    @TempDir
    Path directory;

    private WillingHelper helper;
    private OwnTarget target;
    private ShownBlobs blobs;
    private Descriptor file;

    @BeforeEach
    void start() throws IOException {
        helper = new WillingHelper(directory.resolve("h"));
        target = new OwnTarget(directory.resolve("h"), ENDPOINT);
        target.connect();
        blobs = new ShownBlobs(target, ENDPOINT, now::get);
        file = Descriptor.inMemory("test");
        assertThat(helper.asked()).containsExactly("listen tcp 127.0.0.1 4420");
    }

    @AfterEach
    void everyCopyIsGivenBackOnce() {
        blobs.close();
        assertThat(copies).allMatch(copy -> copy.closed == 1);
        target.close();
        helper.close();
        file.close();
    }

    private static Digest digest(int number) {
        return Digest.ofBytes(
                ByteBuffer.allocate(Digest.SIZE_BYTES).putInt(number).array());
    }

    private final class OneCopy implements Copies.Copy {
        private int closed;

        @Override
        public Descriptor file() {
            return file;
        }

        @Override
        public void close() {
            closed++;
        }
    }

    private Lease show(String member, Session its, Digest digest) throws IOException {
        OneCopy copy = new OneCopy();
        copies.add(copy);
        return blobs.show(member, its, digest, copy, 7);
    }

    private void passes(Duration time) {
        now.addAndGet(time.toNanos());
        blobs.sweep();
    }

    private long open() {
        return copies.stream().filter(copy -> copy.closed == 0).count();
    }

    @Test
    void aLeaseThatIsNotMadeAnewEndsAndItsCopyWithIt() throws IOException {
        Lease lease = show("a", session, ONE);
        Lease longer = show("a", session, OTHER);
        assertThat(helper.asked()).containsExactly("export " + lease.namespace(), "export " + longer.namespace());

        passes(ShownBlobs.LEASE.minus(MOMENT));
        assertThat(blobs.again(session, OTHER)).contains(longer);
        assertThat(blobs.count()).isEqualTo(2);
        passes(MOMENT);

        assertThat(helper.asked()).containsExactly("withdraw " + lease.namespace());
        assertThat(blobs.again(session, ONE)).isEmpty();
        assertThat(blobs.count()).isOne();
        assertThat(open()).isOne();
        passes(ShownBlobs.LEASE.minus(MOMENT));
        assertThat(helper.asked()).containsExactly("withdraw " + longer.namespace());
        assertThat(blobs.count()).isZero();
    }

    @Test
    void aReaderThatSeesNothingForLongIsLetGo() throws IOException {
        Lease lease = show("a", session, ONE);
        blobs.hide(session.id(), lease.namespace());
        helper.asked();

        passes(ShownBlobs.READER_IDLE.minus(MOMENT));
        assertThat(helper.asked()).isEmpty();
        passes(MOMENT);

        assertThat(helper.asked()).containsExactly("dismiss");
    }

    @Test
    void aBlobIsShownToASessionOnce() throws IOException {
        Lease lease = show("a", session, ONE);

        assertThat(show("a", session, ONE)).isEqualTo(lease);
        assertThat(show("a", sessions.make("a"), ONE).namespace()).isNotEqualTo(lease.namespace());
        assertThat(open()).isEqualTo(2);
        blobs.hide("another", lease.namespace());
        assertThat(open()).isEqualTo(2);
    }

    @Test
    void whatTheHelperDoesNotShowIsNotLeased() throws IOException {
        helper.refuse("export");
        assertThatThrownBy(() -> show("a", session, ONE)).hasMessage("not now");
        assertThat(blobs.count()).isZero();
        assertThat(open()).isZero();

        helper.refuse("nothing");
        show("a", session, ONE);
    }

    @Test
    void whatCannotBeTakenAwayGoesWithTheConnection() throws IOException {
        Lease lease = show("a", session, ONE);
        show("b", sessions.make("b"), ONE);
        helper.refuse("withdraw");

        blobs.hide(session.id(), lease.namespace());
        blobs.sweep();

        assertThat(blobs.count()).isZero();
        assertThat(open()).isZero();
        show("a", session, ONE);
        assertThat(helper.asked()).endsWith("listen tcp 127.0.0.1 4420", "export " + namespace());
    }

    private String namespace() {
        return blobs.again(session, ONE).orElseThrow().namespace().toString();
    }

    @Test
    void aHelperThatWasStartedAgainIsToldAnewAndWhatTheOldOneShowedIsForgotten() throws IOException {
        show("a", session, ONE);
        show("b", sessions.make("b"), OTHER);
        helper.asked();

        helper.restart();
        Lease lease = show("a", session, digest(3));

        assertThat(helper.asked()).containsExactly("listen tcp 127.0.0.1 4420", "export " + lease.namespace());
        assertThat(blobs.again(session, ONE)).isEmpty();
        assertThat(blobs.count()).isOne();
        assertThat(open()).isOne();
    }

    @Test
    void oneMemberDoesNotTakeAll() throws IOException {
        for (int i = 0; i < ShownBlobs.LEASES_PER_MEMBER_MAX; i++) {
            show("a", session, digest(i));
        }
        assertBusy("a", session);
        assertBusy("a", sessions.make("a"));
        for (int i = 0; i < ShownBlobs.SESSIONS_PER_MEMBER_MAX; i++) {
            show("b", sessions.make("b"), ONE);
        }
        assertBusy("b", sessions.make("b"));
        show("c", sessions.make("c"), ONE);

        passes(ShownBlobs.LEASE);
        show("a", session, digest(1_000_000));
    }

    @Test
    void thereIsAMost() throws IOException {
        for (int i = 0; i < ShownBlobs.LEASES_MAX; i++) {
            show("member " + i, sessions.make("member " + i), ONE);
        }
        assertBusy("a", session);
        blobs.dismissAll();
        assertThat(blobs.count()).isZero();
        assertThat(open()).isZero();
        show("a", session, ONE);
    }

    private void assertBusy(String member, Session its) {
        assertThatThrownBy(() -> show(member, its, digest(1_000_000))).isInstanceOf(ChunkSource.Busy.class);
    }
}
