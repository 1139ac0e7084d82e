package ringpull.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;
import ringpull.transport.TransferException;
import ringpull.transport.session.Session;
import ringpull.transport.session.TestAdmission;

/** Members with a session that say anything. */
@EnabledIfEnvironmentVariable(named = Fabric.VARIABLE, matches = ".+", disabledReason = "there is no RDMA device here")
class RdmaHostileTest {
    private static final int CHUNK = 1 << 20;
    private static final int LEASE_MILLIS = 60_000;
    private static final int NOISES = 12;
    private static final Message.Reason[] REASONS = {Message.Reason.NOT_HELD, Message.Reason.BUSY, Message.Reason.FAILED
    };
    private static final Session SESSION = Session.of(new byte[16], new byte[32], Duration.ofMinutes(1));

    @TempDir
    Path folder;

    private @Nullable RdmaFixture fixture;

    private RdmaFixture fixture(int windows) throws IOException {
        return fixture(windows, RdmaFixture.PATIENT);
    }

    private RdmaFixture fixture(int windows, Times times) throws IOException {
        RdmaFixture made = new RdmaFixture(folder, times, windows);
        fixture = made;
        return made;
    }

    @AfterEach
    void close() throws InterruptedException {
        if (fixture != null) {
            fixture.close();
        }
    }

    /** What a holder says in place of the first piece of three. */
    enum Lie {
        NOT_NEXT("bytes that are not next") {
            @Override
            Message of(RawHolder holder, Message.Ask ask) {
                return holder.piece(ask, CHUNK, CHUNK, LEASE_MILLIS);
            }
        },
        ONE_BYTE("bytes that are not next") {
            @Override
            Message of(RawHolder holder, Message.Ask ask) {
                return holder.piece(ask, 0, 1, LEASE_MILLIS);
            }
        },
        TOO_LONG("bytes that are not next") {
            @Override
            Message of(RawHolder holder, Message.Ask ask) {
                return holder.piece(ask, 0, 2 * CHUNK, LEASE_MILLIS);
            }
        },
        LESS_THAN_NOTHING("bytes that are not next") {
            @Override
            Message of(RawHolder holder, Message.Ask ask) {
                return holder.piece(ask, 0, Integer.MIN_VALUE, LEASE_MILLIS);
            }
        },
        OVER_ALREADY("its offer ran out") {
            @Override
            Message of(RawHolder holder, Message.Ask ask) {
                return holder.piece(ask, 0, CHUNK, 1);
            }
        },
        BEFORE_IT_BEGAN("its offer ran out") {
            @Override
            Message of(RawHolder holder, Message.Ask ask) {
                return holder.piece(ask, 0, CHUNK, Integer.MIN_VALUE);
            }
        },
        NO_SUCH_MEMORY("a work request failed") {
            @Override
            Message of(RawHolder holder, Message.Ask ask) {
                return new Message.Piece(ask.number(), 0, CHUNK, -1, -1, 0, 1, LEASE_MILLIS);
            }
        },
        A_READERS_WORD("only a reader sends") {
            @Override
            Message of(RawHolder holder, Message.Ask ask) {
                return new Message.Cancel(ask.number());
            }
        };

        private final String refusal;

        Lie(String refusal) {
            this.refusal = refusal;
        }

        abstract Message of(RawHolder holder, Message.Ask ask);
    }

    private RdmaTransport readerOf(RdmaFixture honest, InetSocketAddress liar) throws IOException {
        return honest.reader(
                RdmaFixture.PATIENT,
                new TestAdmission(holder -> holder.equals(liar)
                        ? SESSION.at(List.of(liar))
                        : honest.sessions.make("reader").at(List.of(holder))));
    }

    /** Reads so many chunks; how that failed, once it has. */
    private static CompletableFuture<TransferException> failing(
            RdmaTransport reader, InetSocketAddress holder, int chunks, CountDownLatch mayLand) {
        CompletableFuture<TransferException> failure = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                reader.read(holder, TestBlobs.digest(new byte[0]), new ByteRange(0, (long) chunks * CHUNK), (_, _) -> {
                    try {
                        mayLand.await();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                });
                failure.complete(new TransferException.Unreachable("all came"));
            } catch (TransferException e) {
                failure.complete(e);
            } catch (InterruptedException | RuntimeException e) {
                failure.completeExceptionally(e);
            }
        });
        return failure;
    }

    @ParameterizedTest
    @EnumSource
    void aHolderThatLiesIsNotReadFromAndOthersAre(Lie lie) throws Exception {
        RdmaFixture honest = fixture(1);
        try (RawHolder liar = new RawHolder(SESSION)) {
            RdmaTransport reader = readerOf(honest, liar.address());
            CompletableFuture<TransferException> failure = failing(reader, liar.address(), 3, new CountDownLatch(0));
            Message.Ask ask = liar.accept();

            liar.send(lie.of(liar, ask));

            Await.until("the read fails", () -> failure.isDone() || !liar.pump());
            assertThat(failure.get(30, TimeUnit.SECONDS))
                    .isInstanceOf(TransferException.Unreachable.class)
                    .hasMessageContaining(lie.refusal);
            assertThat(honest.read(reader)).isEqualTo(honest.blob);
        }
    }

    /** What it offers lies here until there is room, so that is bounded. */
    @Test
    void aHolderCannotOfferMoreAtATimeThanItsWindowHolds() throws Exception {
        RdmaFixture honest = fixture(1);
        CountDownLatch mayLand = new CountDownLatch(1);
        int chunks = Reading.SLOTS_MAX + HolderPair.WINDOW_SLOTS + 1;
        try (RawHolder liar = new RawHolder(SESSION)) {
            RdmaTransport reader = readerOf(honest, liar.address());
            CompletableFuture<TransferException> failure = failing(reader, liar.address(), chunks, mayLand);
            Message.Ask ask = liar.accept();
            for (int chunk = 0; chunk < chunks; chunk++) {
                liar.send(liar.piece(ask, (long) chunk * CHUNK, CHUNK, LEASE_MILLIS));
            }
            liar.awaitEnd();
            mayLand.countDown();
            assertThat(failure.get(30, TimeUnit.SECONDS)).hasMessageContaining("than a window holds");
        }
    }

    @Test
    void whatAHolderSaysInAnyOrderIsRefusedOrHeeded() throws Exception {
        RdmaFixture honest = fixture(1);
        for (int seed = 0; seed < NOISES; seed++) {
            Random random = new Random(seed);
            try (RawHolder liar = new RawHolder(SESSION)) {
                RdmaTransport reader = readerOf(honest, liar.address());
                CompletableFuture<TransferException> failure =
                        failing(reader, liar.address(), 3, new CountDownLatch(0));
                Message.Ask ask = liar.accept();
                boolean heard = true;
                for (int i = 0; i < 20 && heard; i++) {
                    liar.send(noise(random, ask.number(), liar));
                    heard = liar.pump();
                }
                if (heard) {
                    liar.send(new Message.Cancel(0));
                    liar.awaitEnd();
                }
                assertThat(failure.get(30, TimeUnit.SECONDS).getMessage()).doesNotContain("defect");
            }
        }
        assertThat(honest.read(honest.reader(RdmaFixture.PATIENT))).isEqualTo(honest.blob);
    }

    private static Message noise(Random random, int number, RawHolder liar) {
        int about = random.nextInt(4) == 0 ? random.nextInt() : number;
        Message.Ask ask = new Message.Ask(
                about, TestBlobs.digest(new byte[0]), new ByteRange(0, 1), new byte[Message.PROOF_BYTES]);
        return switch (random.nextInt(8)) {
            case 0 -> new Message.Refuse(about, REASONS[random.nextInt(REASONS.length)], "no\nway");
            case 1 ->
                new Message.Piece(
                        about,
                        random.nextLong(),
                        random.nextInt(),
                        random.nextLong(),
                        random.nextInt(),
                        random.nextInt(),
                        random.nextInt(),
                        random.nextInt());
            default -> liar.piece(ask, random.nextInt(3) * (long) CHUNK, CHUNK, random.nextInt(2) * LEASE_MILLIS);
        };
    }

    @Test
    void whatAReaderSaysInAnyOrderIsRefusedOrHeeded() throws Exception {
        RdmaFixture holder = fixture(2);
        Session session = holder.sessions.make("reader");
        for (int seed = 0; seed < NOISES; seed++) {
            Random random = new Random(seed);
            try (RawReader raw = new RawReader(holder, session)) {
                for (int i = 0; i < 40 && raw.pump(); i++) {
                    say(random, raw, holder);
                }
            }
        }
        Await.until("every connection gone", () -> holder.server.connections() == 0);
        assertThat(holder.read(holder.reader(RdmaFixture.PATIENT))).isEqualTo(holder.blob);
    }

    private static void say(Random random, RawReader raw, RdmaFixture holder) throws IOException {
        int number = random.nextInt(20);
        Digest digest = random.nextInt(3) == 0 ? TestBlobs.digest(new byte[0]) : holder.digest;
        switch (random.nextInt(10)) {
            case 0 -> raw.send(new Message.Cancel(random.nextInt()));
            case 1, 2 -> raw.send(new Message.Cancel(number));
            case 3 ->
                raw.ask(
                        number,
                        digest,
                        new ByteRange(random.nextLong(Long.MAX_VALUE / 2), random.nextLong(1, 1L << 62)));
            case 4, 5, 6 -> raw.ask(number, digest, new ByteRange(random.nextInt(RdmaFixture.SIZE), 1 << 20));
            default -> {
                if (random.nextInt(40) == 0) {
                    raw.send(new Message.Done(number, random.nextInt(), random.nextInt()));
                } else if (!raw.pieces().isEmpty()) {
                    Message.Piece piece = raw.pieces().removeFirst();
                    raw.send(new Message.Done(piece.number(), piece.slot(), piece.lease()));
                }
            }
        }
    }

    /** Each protection domain is one reader's: another's key opens nothing. */
    @Test
    void whatOneIsOfferedIsNothingToAnother() throws Exception {
        RdmaFixture holder = fixture(2);
        try (RawReader owner = new RawReader(holder, holder.sessions.make("owner"));
                RawReader other = new RawReader(holder, holder.sessions.make("other"))) {
            owner.ask(1, holder.digest, new ByteRange(0, CHUNK));
            Await.until("an offer", () -> owner.pump() && !owner.pieces().isEmpty());
            Message.Piece piece = owner.pieces().getFirst();

            assertThat(other.fetch(piece)).isFalse();
            assertThat(owner.fetch(piece)).isTrue();
        }
    }

    @Test
    void rangesThatAreAskedForAndBrokenOffDoNotPileUp() throws Exception {
        RdmaFixture holder = fixture(2);
        holder.source.holdOpening();
        try (RawReader raw = new RawReader(holder, holder.sessions.make("reader"))) {
            int asked = 0;
            while (raw.refusals().isEmpty()) {
                int number = ++asked;
                raw.ask(number, holder.digest, new ByteRange(0, CHUNK));
                Await.until(
                        "it is being opened, or refused",
                        () -> holder.source.asked() == number
                                || (raw.pump() && !raw.refusals().isEmpty()));
                raw.send(new Message.Cancel(number));
            }
            assertThat(asked).isBetween(HolderPair.RANGES_MAX + 1, 100);
            assertThat(raw.refusals().getFirst().reason()).isEqualTo(Message.Reason.BUSY);
            holder.source.heal();
        }
        assertThat(holder.read(holder.reader(RdmaFixture.PATIENT))).isEqualTo(holder.blob);
    }

    /** As somebody who overheard a knock: nothing else can be said without the secret. */
    @Test
    void whoTalksAndAsksForNothingLosesTheWindow() throws Exception {
        Times times = RdmaFixture.times(RdmaFixture.PATIENT.connect(), Duration.ofMillis(500), Duration.ZERO);
        RdmaFixture holder = fixture(1, times);
        try (RawReader raw = new RawReader(holder, holder.sessions.make("reader"))) {
            Await.until("the holder ends it", () -> {
                try {
                    raw.send(new Message.Cancel(1));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                return !raw.pump();
            });
        }
    }

    /** What was overheard is worth nothing. */
    @Test
    void aRangesProofIsGoodOnce() throws Exception {
        RdmaFixture holder = fixture(1);
        ByteRange range = new ByteRange(0, 1);
        try (RawReader raw = new RawReader(holder, holder.sessions.make("reader"))) {
            byte[] proof = raw.proof(holder.digest, range);
            raw.send(new Message.Ask(1, holder.digest, range, proof));
            Await.until("an offer", () -> raw.pump() && !raw.pieces().isEmpty());
            raw.send(new Message.Ask(2, holder.digest, range, proof));
            raw.awaitEnd();
        }
    }
}
