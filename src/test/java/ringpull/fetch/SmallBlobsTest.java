package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blame.Reputation;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.control.TestImages;
import ringpull.metrics.Meters;
import ringpull.origin.memory.MemoryOrigin;
import ringpull.store.BlobStore;
import ringpull.swarm.Answers;
import ringpull.swarm.Effect;
import ringpull.swarm.Event;

/** A config or layer that a manifest says is small comes whole from its home. */
class SmallBlobsTest extends FetchFixture {
    private static final byte[] SMALL = bytes(Answers.SMALL_BYTES, 7);
    private static final byte[] LARGE = bytes(Answers.SMALL_BYTES + 1, 8);

    private final Company company = new Company();
    private final List<Digest> asked = new ArrayList<>();
    private byte @Nullable [] tells = SMALL;
    private final SwarmPulls swarmPulls = new SwarmPulls(store);
    private final Digest small = origin.put(REPOSITORY, ContentKind.BLOB, "application/x-small", SMALL);
    private final Digest large = origin.put(REPOSITORY, ContentKind.BLOB, "application/x-large", LARGE);
    private Fetcher together;

    @BeforeEach
    void begin() {
        together = new Fetcher(
                store,
                Sources.of(ring, transport, origin),
                swarmPulls,
                Reputation.inMemory(InstantSource.system()),
                SecondReading.NONE,
                true,
                journal,
                new Meters(metrics),
                System::nanoTime);
        swarmPulls.serve(company);
    }

    @AfterEach
    void end() {
        together.close();
    }

    /** Another member is there, which is every blob's home unless this one is; it has no time for swarms. */
    private final class Company extends TestCompany {
        Company() {
            super(
                    new TestCompany.Home() {
                        @Override
                        public Optional<Inline> small(Digest digest, Repository repository) {
                            asked.add(digest);
                            return Optional.ofNullable(tells).map(bytes -> new Inline(bytes, "application/x-told"));
                        }
                    },
                    false);
        }

        @Override
        public void happened(Event event) {
            if (event instanceof Event.Start start) {
                swarmPulls.perform(new Effect.Alone(start.digest(), "nobody has time"));
            }
        }
    }

    /** The image is known, and its blobs' sizes with it. */
    private void manifest() throws Exception {
        byte[] manifest = TestImages.manifest(SMALL, LARGE);
        Digest root = origin.put(REPOSITORY, ContentKind.MANIFEST, "application/x-manifest", manifest);
        finished(together.deliver(new BlobRequest(root, ContentKind.MANIFEST, Optional.of(REPOSITORY))));
    }

    private static Digest sha256(byte[] bytes) {
        return new MemoryOrigin().put(REPOSITORY, ContentKind.BLOB, "", bytes);
    }

    private Fetch.State pull(Digest blob) throws Exception {
        return finished(together.deliver(new BlobRequest(blob, ContentKind.BLOB, Optional.of(REPOSITORY))))
                .state();
    }

    @Test
    void itsHomeIsAskedAndNotTheOrigin() throws Exception {
        manifest();
        long before = origin.bytesRead();

        assertThat(pull(small)).isEqualTo(Fetch.State.PROVEN);

        assertThat(origin.bytesRead()).isEqualTo(before);
        assertThat(asked).containsExactly(small);
        assertThat(metrics.get("ringpull.transport.received.bytes")
                        .tag("transport", "inline")
                        .counter()
                        .count())
                .isEqualTo(SMALL.length);
    }

    @Test
    void aLargerOneIsNotAskedFor() throws Exception {
        manifest();

        assertThat(pull(large)).isEqualTo(Fetch.State.PROVEN);

        assertThat(asked).isEmpty();
    }

    @Test
    void oneOfWhichNoManifestIsKnownIsNotAskedFor() throws Exception {
        assertThat(pull(small)).isEqualTo(Fetch.State.PROVEN);

        assertThat(asked).isEmpty();
    }

    @Test
    void anImageThatWasHereBeforeSaysItToo() throws Exception {
        manifest();
        Fetcher restarted = together;
        begin();
        restarted.close();
        byte[] manifest = TestImages.manifest(SMALL, LARGE);
        Delivery again =
                together.deliver(new BlobRequest(sha256(manifest), ContentKind.MANIFEST, Optional.of(REPOSITORY)));
        ((Delivery.Complete) again).file().close();

        assertThat(pull(small)).isEqualTo(Fetch.State.PROVEN);

        assertThat(asked).containsExactly(small);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, Answers.SMALL_BYTES - 1, Answers.SMALL_BYTES + 1})
    void aHomeThatTellsSomethingElseIsNotBelieved(int length) throws Exception {
        manifest();
        tells = bytes(length, 9);

        assertThat(pull(small)).isEqualTo(Fetch.State.PROVEN);

        assertThat(asked).containsExactly(small);
        assertThat(store.find(small).orElseThrow().sizeBytes()).isEqualTo(SMALL.length);
    }

    @Test
    void theHomeReadsItFromTheOriginOnceForItselfAndAllWhoAsk() throws Exception {
        manifest();
        company.home = true;
        long before = origin.bytesRead();

        List<Callable<Optional<Answers.Inline>>> asking = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            asking.add(() -> together.smallBlobs().read(small, REPOSITORY));
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Optional<Answers.Inline>> told : threads.invokeAll(asking)) {
                assertThat(told.get().orElseThrow().bytes()).isEqualTo(SMALL);
            }
        }
        assertThat(pull(small)).isEqualTo(Fetch.State.PROVEN);

        assertThat(origin.bytesRead() - before).isEqualTo(SMALL.length);
        assertThat(asked).isEmpty();
    }

    /** Who looked for it before it was here, and was slow, still finds what another has read meanwhile. */
    @Test
    void theOriginIsReadOnceThoughOneAskerIsSlow() throws Exception {
        CountDownLatch looking = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        SmallBlobs blobs = new SmallBlobs(firstLookWaits(looking, gate), origin, journal, new Meters(metrics));
        long before = origin.bytesRead();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Optional<Answers.Inline>> slow = threads.submit(() -> blobs.read(small, REPOSITORY));
            looking.await();
            CountDownLatch begun = new CountDownLatch(1);
            Thread other = Thread.ofPlatform().start(() -> {
                begun.countDown();
                try {
                    blobs.read(small, REPOSITORY);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            begun.await();
            while (other.getState() != Thread.State.WAITING && other.isAlive()) {
                Thread.onSpinWait();
            }
            gate.countDown();
            other.join();

            assertThat(slow.get().orElseThrow().bytes()).isEqualTo(SMALL);
        }
        assertThat(origin.bytesRead() - before).isEqualTo(SMALL.length);
    }

    private BlobStore firstLookWaits(CountDownLatch looking, CountDownLatch gate) {
        AtomicBoolean first = new AtomicBoolean(true);
        return (BlobStore) Proxy.newProxyInstance(
                BlobStore.class.getClassLoader(), new Class<?>[] {BlobStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("open") && first.getAndSet(false)) {
                        looking.countDown();
                        gate.await();
                    }
                    return method.invoke(store, arguments);
                });
    }

    @Test
    void whereItsHomeTellsNothingItComesAsAnyBlob() throws Exception {
        manifest();
        tells = null;

        assertThat(pull(small)).isEqualTo(Fetch.State.PROVEN);

        assertThat(asked).containsExactly(small);
        assertThat(journal.of(small)).anyMatch(entry -> entry.detail().contains("nobody has time"));
    }

    @Test
    void aHomeTellsNothingThatIsLargerOrDoesNotProve() throws Exception {
        origin.put(REPOSITORY, ContentKind.BLOB, sha256(LARGE), "", LARGE);
        Digest forged = sha256(bytes(99, 1));
        origin.put(REPOSITORY, ContentKind.BLOB, forged, "", bytes(99, 2));

        assertThat(together.smallBlobs().read(large, REPOSITORY)).isEmpty();
        assertThat(together.smallBlobs().read(forged, REPOSITORY)).isEmpty();
        assertThat(together.smallBlobs().read(sha256(bytes(5, 5)), REPOSITORY)).isEmpty();
    }

    @Test
    void aHomeTellsWhatItHasWithoutAskingAnybody() throws Exception {
        pull(small);
        origin.reachable(false);

        assertThat(together.smallBlobs().read(small, REPOSITORY).orElseThrow().bytes())
                .isEqualTo(SMALL);
    }
}
