package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringpull.blame.Reputation;
import ringpull.blame.Sentence;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.store.TestBlob;
import ringpull.swarm.Reading;
import ringpull.swarm.Run;
import ringpull.swarm.Statement;

/**
 * A blob that several victims brought together, each from a random member, with members that lie in one way or another: who
 * is named in the end, over many seeds.
 */
class EvidenceTest {
    private static final int MEMBERS = 6;
    private static final int CHUNKS = 8;
    private static final int VICTIMS = 3;
    private static final int SEEDS = 25;

    @TempDir
    Path directory;

    /** Who does what; member 0, and member 1 where there are two. */
    enum Wrong {
        /** Nobody lies. */
        NONE,
        /** Signs false chunks to everybody. */
        LIAR,
        /** Signs false chunks to the first victim, and right ones to the others. */
        LIAR_TO_ONE,
        /** Passes on, and serves, what another signed falsely. */
        PASSES_ON,
        /** Signs false chunks that it had from the liar as read by itself. */
        SIGNS_AGAIN,
        /** Two sign the same false chunks. */
        COLLUDERS,
        /** Serves other bytes than the statement says, and signs nothing. */
        WRONG_BYTES,
        /** Serves right bytes on a plain path that changes them. */
        BAD_PATH,
        /** Its disk is bad, and its path is plain. */
        BAD_DISK_PLAIN
    }

    private final Member[] members =
            IntStream.range(0, MEMBERS).mapToObj(TestHolders::member).toArray(Member[]::new);

    @ParameterizedTest
    @EnumSource
    void onlyThoseAtFaultAreNamed(Wrong fault) throws IOException, InterruptedException {
        boolean harmed = false;
        for (int seed = 0; seed < SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            TestBlob blob = TestBlob.of(seed, (CHUNKS - 1) * Chunk.SIZE_BYTES + 99);
            for (int victim = 0; victim < VICTIMS; victim++) {
                Victim one = new Victim(blob, fault, victim, random);
                one.bring();
                one.judge();
                one.check("seed " + seed + ", victim " + victim);
                harmed |= one.lied;
            }
        }
        assertThat(harmed).as("some chunk was at fault in some run").isEqualTo(fault != Wrong.NONE);
    }

    private final class Victim {
        private final TestBlob blob;
        private final Wrong fault;
        private final int number;
        private final SplittableRandom random;
        private final Reputation reputation = Reputation.inMemory(InstantSource.system());
        private final Map<Integer, byte[]> overTls = new HashMap<>();
        private final Evidence evidence;
        private final byte[] arrived;
        private final Set<MemberId> toQuarantine = new HashSet<>();
        private final Set<MemberId> toLower = new HashSet<>();
        private boolean lied;

        Victim(TestBlob blob, Wrong fault, int number, SplittableRandom random) {
            this.blob = blob;
            this.fault = fault;
            this.number = number;
            this.random = random;
            this.arrived = blob.bytes().clone();
            boolean plain = fault == Wrong.BAD_PATH || fault == Wrong.BAD_DISK_PLAIN;
            SecondReading second = new SecondReading() {
                @Override
                public boolean isPlain(Member member) {
                    return plain;
                }

                @Override
                public Optional<byte[]> read(Member member, Digest digest, int chunk) {
                    return Optional.of(overTls.getOrDefault(chunk, chunk(blob.bytes(), chunk)));
                }
            };
            this.evidence = new Evidence(blob.digest(), reputation, second, new Journal(InstantSource.system()));
        }

        /** Every chunk from a member that did not read it itself, as a rule. */
        void bring() throws IOException, InterruptedException {
            for (int chunk = 0; chunk < CHUNKS; chunk++) {
                Member signer = members[random.nextInt(MEMBERS)];
                Member from = members[random.nextInt(MEMBERS)];
                boolean first = signer.equals(members[0]);
                boolean second = signer.equals(members[1]);
                byte[] right = chunk(blob.bytes(), chunk);
                byte[] wrong = right.clone();
                wrong[random.nextInt(wrong.length)] ^= 1;
                boolean falselySigned = switch (fault) {
                    case LIAR -> first;
                    case LIAR_TO_ONE -> first && number == 0;
                    case PASSES_ON -> first;
                    case SIGNS_AGAIN, COLLUDERS -> first || second;
                    case NONE, WRONG_BYTES, BAD_PATH, BAD_DISK_PLAIN -> false;
                };
                if (fault == Wrong.PASSES_ON && first) {
                    from = members[1];
                }
                Digest said = Evidence.hash(falselySigned ? wrong : right);
                Statement statement = statement(signer, chunk, said);
                evidence.delivered(chunk, chunk + 1, from);
                if (falselySigned) {
                    lied = true;
                    toQuarantine.add(signer.id());
                    take(chunk, wrong, statement); // the hash is as signed: it is taken
                } else if (from.equals(members[0]) && servesWrong()) {
                    lied = true;
                    serveWrong(chunk, from, wrong, right, statement);
                } else {
                    take(chunk, right, statement);
                }
            }
        }

        private boolean servesWrong() {
            return fault == Wrong.WRONG_BYTES || fault == Wrong.BAD_PATH || fault == Wrong.BAD_DISK_PLAIN;
        }

        private void serveWrong(int chunk, Member from, byte[] wrong, byte[] right, Statement statement)
                throws IOException, InterruptedException {
            if (fault == Wrong.BAD_DISK_PLAIN) {
                overTls.put(chunk, wrong);
            }
            toLower.add(from.id());
            evidence.stated(statement);
            Digest said = statement.reading().hash(chunk);
            boolean mended =
                    evidence.again(chunk, from, bytes -> Evidence.hash(bytes).equals(said));
            assertThat(mended).isEqualTo(fault == Wrong.BAD_PATH);
            if (!mended) {
                evidence.contradicted(chunk, from, Evidence.hash(wrong));
            }
            take(chunk, right, statement); // from somebody else, in the end
        }

        private void take(int chunk, byte[] bytes, Statement statement) {
            evidence.stated(statement);
            System.arraycopy(bytes, 0, arrived, chunk * Chunk.SIZE_BYTES, bytes.length);
        }

        private Statement statement(Member signer, int chunk, Digest hash) {
            Reading reading = new Reading(
                    signer.id(), 1, blob.size(), new Run(chunk, chunk + 1), List.of(hash), "https://origin", true);
            return new Statement(reading, new byte[] {1}, new byte[] {2});
        }

        void judge() throws IOException, InterruptedException {
            if (!Arrays.equals(arrived, blob.bytes())) {
                try (BlobFile file = file(arrived)) {
                    evidence.refuted(file);
                }
            }
            if (evidence.isDoubtful()) {
                try (BlobFile file = file(blob.bytes())) {
                    evidence.judge(file);
                }
            }
        }

        private BlobFile file(byte[] bytes) throws IOException {
            Path path = Files.createTempFile(directory, "blob", "");
            Files.write(path, bytes);
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.DELETE_ON_CLOSE);
            return new BlobFile(blob.digest(), bytes.length, channel);
        }

        void check(String what) {
            Map<Sentence.Kind, Set<MemberId>> named = new HashMap<>();
            List<Sentence> sentences = new ArrayList<>(reputation.sentences());
            sentences.forEach(sentence -> named.computeIfAbsent(sentence.kind(), kind -> new HashSet<>())
                    .add(sentence.member()));
            assertThat(named.getOrDefault(Sentence.Kind.QUARANTINED, Set.of()))
                    .as("quarantined by " + what)
                    .isEqualTo(toQuarantine);
            assertThat(named.getOrDefault(Sentence.Kind.LOWERED, Set.of()))
                    .as("lowered by " + what)
                    .isEqualTo(toLower);
        }
    }

    private static byte[] chunk(byte[] blob, int chunk) {
        ByteRange range = Chunk.range(chunk, blob.length);
        return Arrays.copyOfRange(blob, (int) range.offset(), (int) range.end());
    }

    @Test
    void forgedBytesOfTwoHoldersNameBothThoughOneGaveTheLadder() throws IOException, InterruptedException {
        TestBlob blob = TestBlob.of(1, 4 * Chunk.SIZE_BYTES);
        Reputation reputation = Reputation.inMemory(InstantSource.system());
        Evidence evidence =
                new Evidence(blob.digest(), reputation, SecondReading.NONE, new Journal(InstantSource.system()));
        byte[] forged = blob.bytes().clone();
        forged[0] ^= 1;
        forged[3 * Chunk.SIZE_BYTES] ^= 1;
        evidence.delivered(0, 1, members[0]);
        evidence.delivered(1, 3, members[2]);
        evidence.delivered(3, 4, members[1]);

        try (BlobFile wrong = write(blob.digest(), forged);
                BlobFile right = write(blob.digest(), blob.bytes())) {
            evidence.refuted(wrong);
            evidence.judge(right);
        }

        assertThat(reputation.sentences().stream().map(Sentence::member).collect(Collectors.toSet()))
                .containsExactlyInAnyOrder(members[0].id(), members[1].id());
    }

    private BlobFile write(Digest digest, byte[] bytes) throws IOException {
        Path path = Files.createTempFile(directory, "blob", "");
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(bytes));
        }
        return new BlobFile(digest, bytes.length, FileChannel.open(path));
    }
}
