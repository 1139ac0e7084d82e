package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringpull.blob.ByteRange;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.blob.Repository;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;
import ringpull.origin.memory.MemoryOrigin;
import ringpull.store.memory.MemoryBlobStore;
import ringpull.swarm.Answers;
import ringpull.transport.Await;

/** A home asks the origin once for all that want to know a tag within a second. */
class SharedTagsTest {
    private static final Repository REPOSITORY = new Repository("registry.test", "team/app");
    private static final ImageName TAG = new ImageName(REPOSITORY, "v1");
    private static final Digest TOLD = Digest.parse("sha256:" + "ab".repeat(32));

    private final MemoryBlobStore store = MemoryBlobStore.create();
    private final MemoryOrigin memory = new MemoryOrigin();
    private final AtomicInteger questions = new AtomicInteger();
    private final AtomicLong now = new AtomicLong(5);
    private final AtomicReference<Instant> clock = new AtomicReference<>(Instant.EPOCH);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    /** Counts, and answers when it is let. */
    private final class Counted implements Origin {
        final CountDownLatch gate;

        Counted(CountDownLatch gate) {
            this.gate = gate;
        }

        @Override
        public TagAnswer resolve(Repository repository, String tag) throws OriginException, InterruptedException {
            questions.incrementAndGet();
            gate.await();
            return memory.resolve(repository, tag);
        }

        @Override
        public OriginStream open(Repository repository, ContentKind kind, Digest digest, long offsetBytes)
                throws OriginException {
            return memory.open(repository, kind, digest, offsetBytes);
        }

        @Override
        public OriginStream openRun(Repository repository, Digest digest, ByteRange run) throws OriginException {
            return memory.openRun(repository, digest, run);
        }

        @Override
        public void close() {}
    }

    /** Members that do not say what a tag means now, but what it meant when the registry was last asked. */
    private record Memory(Meaning says, Optional<Recalled> recalled) implements Answers {
        static Memory of(Duration age) {
            return of(Unsaid.UNKNOWN, age);
        }

        static Memory of(Meaning says, Duration age) {
            return new Memory(says, Optional.of(new Recalled(new Tag(TOLD, "application/y", 7), age, "n2")));
        }

        @Override
        public Meaning tag(ImageName tag, Duration within) {
            return says;
        }

        @Override
        public Optional<Recalled> recall(ImageName tag) {
            return recalled;
        }

        @Override
        public Optional<Inline> manifest(Digest digest, Repository repository) {
            return Optional.empty();
        }
    }

    private SharedTags tags(CountDownLatch gate, Answers homes) {
        return tags(gate, homes, true);
    }

    private Digest manifest() {
        return memory.put(REPOSITORY, ContentKind.MANIFEST, "application/x", "one".getBytes(StandardCharsets.UTF_8));
    }

    private SharedTags tags(CountDownLatch gate, Answers homes, boolean mutualTls) {
        memory.tag(REPOSITORY, "v1", manifest());
        SwarmPulls pulls = new SwarmPulls(store);
        pulls.serve(new TestCompany(homes, true));
        OriginTags origin = new OriginTags(new Counted(gate), store.tags(), Duration.ofHours(1), clock::get);
        return new SharedTags(origin, pulls, mutualTls, now::get);
    }

    @AfterEach
    void stop() {
        threads.shutdownNow();
        store.close();
    }

    @Test
    void allWhoAskWhileTheOriginIsAskedShareItsAnswer() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        SharedTags tags = tags(gate, Answers.NONE);
        CountDownLatch asking = new CountDownLatch(20);
        List<Future<Tags.TagOutcome>> answers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            answers.add(threads.submit(() -> {
                asking.countDown();
                return tags.resolve(TAG);
            }));
        }
        asking.await();
        gate.countDown();

        for (Future<Tags.TagOutcome> answer : answers) {
            assertThat(answer.get(60, TimeUnit.SECONDS)).isInstanceOf(Tags.TagOutcome.Resolved.class);
        }
        assertThat(questions).hasValue(1);
    }

    @Test
    void anAnswerIsSharedForASecondAndNoLonger() throws Exception {
        SharedTags tags = tags(new CountDownLatch(0), Answers.NONE);
        tags.resolve(TAG);
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        tags.resolve(TAG);

        assertThat(questions).hasValue(1);

        now.addAndGet(1);
        tags.resolve(TAG);

        assertThat(questions).hasValue(2);
    }

    @Test
    void thatThereIsNoSuchTagIsSharedForASecondToo() throws Exception {
        SharedTags tags = tags(new CountDownLatch(0), Answers.NONE);
        ImageName missing = new ImageName(REPOSITORY, "soon");

        assertThat(tags.tell(missing, Duration.ofMinutes(1))).isEqualTo(Answers.Unsaid.ABSENT);
        assertThat(tags.tell(missing, Duration.ofMinutes(1))).isEqualTo(Answers.Unsaid.ABSENT);
        assertThat(questions).hasValue(1);

        memory.tag(REPOSITORY, "soon", manifest());
        now.addAndGet(TimeUnit.SECONDS.toNanos(1) + 1);

        assertThat(tags.tell(missing, Duration.ofMinutes(1)))
                .as("a tag that was pushed meanwhile")
                .isInstanceOf(Answers.Tag.class);
        assertThat(questions).hasValue(2);
    }

    @Test
    void whatTheOriginCouldNotSayIsAskedAnew() throws Exception {
        SharedTags tags = tags(new CountDownLatch(0), Answers.NONE);
        memory.reachable(false);

        assertThat(tags.tell(TAG, Duration.ofMinutes(1))).isEqualTo(Answers.Unsaid.UNKNOWN);
        memory.reachable(true);

        assertThat(tags.tell(TAG, Duration.ofMinutes(1))).isInstanceOf(Answers.Tag.class);
        assertThat(questions).hasValue(2);
    }

    @Test
    void whatItsHomeSaysIsNotAskedOfTheOrigin() throws Exception {
        SharedTags tags = tags(new CountDownLatch(0), new TestCompany.Home() {
            @Override
            public Meaning tag(ImageName tag, Duration within) {
                return new Tag(TOLD, "application/y", 7);
            }

            @Override
            public Optional<Recalled> recall(ImageName tag) {
                throw new AssertionError("asked though the home knows");
            }
        });

        assertThat(tags.resolve(TAG))
                .isInstanceOfSatisfying(
                        Tags.TagOutcome.Resolved.class,
                        resolved -> assertThat(resolved.digest()).isEqualTo(TOLD));
        assertThat(questions).hasValue(0);
    }

    @Test
    void whileTheOriginCannotBeReachedWhatAnotherMemberWasToldStandsInWithItsAge() throws Exception {
        SharedTags tags = tags(new CountDownLatch(0), Memory.of(Duration.ofMinutes(50)));
        memory.reachable(false);

        assertThat(tags.resolve(TAG)).isInstanceOfSatisfying(Tags.TagOutcome.Resolved.class, resolved -> {
            assertThat(resolved.digest()).isEqualTo(TOLD);
            assertThat(resolved.earlier()).hasValueSatisfying(earlier -> {
                assertThat(earlier.age()).isEqualTo(Duration.ofMinutes(50));
                assertThat(earlier.member()).isEqualTo("n2");
            });
        });
        assertThat(tags.recall(TAG)).as("hearsay is not passed on").isEmpty();
    }

    @Test
    void whatIsTooOldIsNotUsed() throws Exception {
        SharedTags tags = tags(new CountDownLatch(0), Memory.of(Duration.ofMinutes(61)));
        memory.reachable(false);

        assertThat(tags.resolve(TAG)).isInstanceOfSatisfying(Tags.TagOutcome.Unresolved.class, unresolved -> {
            assertThat(unresolved.reason()).isEqualTo("unreachable");
            assertThat(unresolved.detail()).contains("61 min ago is too old");
        });
    }

    @ParameterizedTest
    @CsvSource({"10, true", "30, false"})
    void theLaterOfTheOwnRecordAndAnothersCounts(int minutes, boolean others) throws Exception {
        SharedTags tags = tags(new CountDownLatch(0), Memory.of(Duration.ofMinutes(minutes)));
        tags.resolve(TAG);
        clock.set(Instant.EPOCH.plus(Duration.ofMinutes(20)));
        now.addAndGet(TimeUnit.MINUTES.toNanos(20));
        memory.reachable(false);

        assertThat(tags.resolve(TAG))
                .isInstanceOfSatisfying(
                        Tags.TagOutcome.Resolved.class,
                        resolved -> assertThat(resolved.digest().equals(TOLD)).isEqualTo(others));
        assertThat(tags.recall(TAG))
                .hasValueSatisfying(own -> assertThat(own.age()).isEqualTo(Duration.ofMinutes(20)));
    }

    @Test
    void nobodyIsBelievedNorToldInARingWithoutCertificates() throws Exception {
        SharedTags tags = tags(new CountDownLatch(0), Memory.of(Duration.ZERO), false);
        assertThat(tags.resolve(TAG)).isInstanceOf(Tags.TagOutcome.Resolved.class);
        assertThat(tags.recall(TAG)).isEmpty();
        ImageName other = new ImageName(REPOSITORY, "v2");
        memory.reachable(false);

        assertThat(tags.resolve(other)).isInstanceOf(Tags.TagOutcome.Unresolved.class);
    }

    @Test
    void anOriginThatAnswersIsNotContradicted() throws Exception {
        SharedTags tags = tags(new CountDownLatch(0), Memory.of(Duration.ZERO));
        ImageName gone = new ImageName(REPOSITORY, "gone");

        assertThat(tags.resolve(gone))
                .isInstanceOfSatisfying(
                        Tags.TagOutcome.Unresolved.class,
                        unresolved -> assertThat(unresolved.reason()).isEqualTo("not_found"));
    }

    @Test
    void anOriginThatIsSilentIsNotWaitedForLongerWhereItsHomeWasSlow() throws Exception {
        Answers slow = new TestCompany.Home() {
            @Override
            public Meaning tag(ImageName tag, Duration within) {
                now.addAndGet(TimeUnit.SECONDS.toNanos(5));
                return Unsaid.UNKNOWN;
            }

            @Override
            public Optional<Recalled> recall(ImageName tag) {
                return Memory.of(Duration.ZERO).recalled();
            }
        };
        SharedTags tags = tags(new CountDownLatch(1), slow);

        assertThat(tags.resolve(TAG))
                .isInstanceOfSatisfying(
                        Tags.TagOutcome.Resolved.class,
                        resolved -> assertThat(resolved.earlier())
                                .hasValueSatisfying(
                                        earlier -> assertThat(earlier.why()).contains("within 2 s")));
    }

    @Test
    void aHomeThatStillWaitsForTheOriginIsNotPassedBy() throws Exception {
        SharedTags tags = tags(new CountDownLatch(0), Memory.of(Answers.Unsaid.ASKING, Duration.ofMinutes(3)));

        assertThat(tags.resolve(TAG))
                .isInstanceOfSatisfying(
                        Tags.TagOutcome.Resolved.class,
                        resolved -> assertThat(resolved.earlier())
                                .hasValueSatisfying(
                                        earlier -> assertThat(earlier.member()).isEqualTo("n2")));
        assertThat(questions).hasValue(0);
    }

    @ParameterizedTest
    @CsvSource({"BUSY, busy", "ABSENT, not_found"})
    void whatTheOriginToldTheHomeIsNotAskedForByTheOthers(Answers.Unsaid said, String reason) throws Exception {
        SharedTags tags = tags(new CountDownLatch(0), Memory.of(said, Duration.ZERO));

        assertThat(tags.resolve(TAG))
                .isInstanceOfSatisfying(
                        Tags.TagOutcome.Unresolved.class,
                        unresolved -> assertThat(unresolved.reason()).isEqualTo(reason));
        assertThat(questions).hasValue(0);
    }

    @Test
    void anAskerThatIsToldToAskAgainDoesNotBreakTheQuestionOff() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        SharedTags tags = tags(gate, Answers.NONE);

        assertThat(tags.tell(TAG, Duration.ofMillis(1))).isEqualTo(Answers.Unsaid.ASKING);
        Future<Answers.Meaning> second = threads.submit(() -> tags.tell(TAG, Duration.ofMinutes(1)));
        Await.until("the second to wait", () -> tags.waiting() == 1);
        gate.countDown();

        assertThat(second.get(60, TimeUnit.SECONDS)).isInstanceOf(Answers.Tag.class);
        assertThat(tags.tell(TAG, Duration.ofMinutes(1))).isInstanceOf(Answers.Tag.class);
        assertThat(questions).hasValue(1);
    }
}
