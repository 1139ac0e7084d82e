package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import ringpull.blob.BlobFile;
import ringpull.blob.Chunk;
import ringpull.config.Config;
import ringpull.fetch.Fetcher;
import ringpull.fetch.Journal;
import ringpull.fetch.Sources;
import ringpull.fetch.TestHolders;
import ringpull.metrics.Meters;
import ringpull.origin.memory.MemoryOrigin;
import ringpull.store.memory.MemoryBlobStore;
import ringpull.transport.memory.MemoryTransport;

/** Row 9: what nobody has is 404 soon, whatever the ring says; with the real fetcher behind the mirror. */
class NotFoundTest {
    private static final int MEMBERS = 200;

    /** Holders that one fetch asks in vain before it goes to the origin. */
    private static final int ASKED_IN_VAIN_MAX = 12;

    private final Content layer = Content.random(1, 3 * Chunk.SIZE_BYTES);
    private final String path = "/v2/team/image/blobs/" + layer.digest() + "?ns=registry.test";
    private final MemoryBlobStore store = MemoryBlobStore.create();
    private final MemoryOrigin origin = new MemoryOrigin();
    private final MemoryTransport transport = new MemoryTransport();
    private final TestHolders ring = new TestHolders();
    private final Journal journal = new Journal(InstantSource.system());
    private final Meters meters = new Meters(new SimpleMeterRegistry());
    private final Fetcher fetcher =
            new Fetcher(store, Sources.of(ring, transport, origin), journal, meters, System::nanoTime);
    private final AtomicInteger asked = new AtomicInteger();

    @AfterEach
    void close() {
        fetcher.close();
        store.close();
    }

    @Test
    void anEmptyRingIsNotWaitedFor() throws Exception {
        try (MirrorServer mirror = mirror(TestMirror.LONG)) {
            assertThat(get(mirror)).isEqualTo("404 not_found");
        }
        assertThat(asked).hasValue(0);
    }

    @Test
    void staleHintsOfAWholeRingCostAFewQuestions() throws Exception {
        announceAll(MEMBERS);
        for (int member = 1; member <= MEMBERS; member++) {
            transport.serve(TestHolders.address(member), wanted -> {
                asked.incrementAndGet();
                return Optional.empty();
            });
        }

        try (MirrorServer mirror = mirror(TestMirror.LONG)) {
            assertThat(get(mirror)).isEqualTo("404 not_found");
        }
        assertThat(asked.get()).isBetween(1, ASKED_IN_VAIN_MAX);
    }

    @Test
    void aRingOfDeadMembersCostsTwoTriesEachOfAFew() throws Exception {
        announceAll(MEMBERS);

        try (MirrorServer mirror = mirror(TestMirror.LONG)) {
            assertThat(get(mirror)).isEqualTo("404 not_found");
        }
        long tries = journal.of(layer.digest()).stream()
                .filter(entry -> entry.source().startsWith("node-"))
                .count();
        assertThat(tries).isBetween(1L, 2L * ASKED_IN_VAIN_MAX);
    }

    @Test
    void holdersThatHangAreNotWaitedForLongerThanHeadersMayTake() throws Exception {
        announceAll(1);
        ring.announce(layer.digest(), TestHolders.member(2), 77);
        for (int member = 1; member <= 2; member++) {
            transport.serve(TestHolders.address(member), wanted -> hang());
        }

        try (MirrorServer mirror = mirror(Duration.ofMillis(300))) {
            // A manifest of unknown type: headers cannot go out before its bytes are there.
            String manifest = path.replace("/blobs/", "/manifests/");
            assertThat(get(mirror, manifest)).isEqualTo("404 stalled");
        }
    }

    private static Optional<BlobFile> hang() {
        try {
            Thread.sleep(TestMirror.LONG);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Optional.empty();
    }

    private void announceAll(int members) {
        for (int member = 1; member <= members; member++) {
            ring.announce(layer.digest(), TestHolders.member(member), layer.bytes().length);
        }
    }

    private MirrorServer mirror(Duration headerWait) throws IOException {
        return MirrorServer.bind(
                new Config.Mirror("127.0.0.1", 0, Duration.ofHours(24)),
                new Config.Handoff(headerWait, TestMirror.LONG),
                fetcher,
                new ScriptedTags(),
                journal,
                meters,
                InstantSource.system());
    }

    private String get(MirrorServer mirror) throws IOException {
        return get(mirror, path);
    }

    /** Status and reason. */
    private static String get(MirrorServer mirror, String wanted) throws IOException {
        try (RawClient client = new RawClient(mirror.address())) {
            RawClient.Head head = client.get(wanted).readHead();
            String body =
                    new String(client.read(Integer.parseInt(head.header("content-length"))), StandardCharsets.UTF_8);
            return head.status() + " " + body.replaceAll("(?s).*\"reason\":\"([a-z_]+)\".*", "$1");
        }
    }
}
