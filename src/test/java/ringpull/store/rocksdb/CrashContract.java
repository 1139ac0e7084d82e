package ringpull.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.LadderProof;
import ringpull.blob.Proof;
import ringpull.blob.Rungs;
import ringpull.store.BlobStore;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.StoredBlob;
import ringpull.store.TestBlob;

/** A process that fills a store is cut off again and again, and the store is true each time. */
abstract class CrashContract {
    private static final List<TestBlob> BLOBS = IntStream.range(0, CrashingWriter.BLOBS)
            .mapToObj(CrashingWriter::blob)
            .toList();

    /** When a cut comes is chance, and some come at moments that prove little: then there are more of them. */
    private static final int CUTS_MAX = 100;

    @TempDir
    Path temporary;

    /** What the killed process had been promised, blob by blob. */
    private final Set<Integer> complete = new HashSet<>();

    private final Map<Integer, Integer> kept = new HashMap<>();

    private int checkedByLadder;

    /** How often; {@code RINGPULL_TEST_SCALE} multiplies it. */
    abstract int times();

    /** The store's directory. */
    abstract Path state();

    /** Ends what the process does to the disk, now; it need not be dead yet. */
    abstract void cut(ProcessHandle child) throws IOException, InterruptedException;

    /** The process is dead: the disk may be used again. */
    abstract void restore() throws IOException, InterruptedException;

    @Test
    void whatTheIndexSaysIsTrueAfterEveryCut() throws IOException, InterruptedException, StoreFull {
        int cuts = times() * Integer.parseInt(System.getenv().getOrDefault("RINGPULL_TEST_SCALE", "1"));
        Random random = new Random(2);
        int checkedPartials = 0;
        for (int cut = 0; cut < cuts || (checkedByLadder == 0 && cut < CUTS_MAX); cut++) {
            runAndCut(cut, random.nextInt(60), random.nextInt(40));
            checkedPartials += check();
        }
        assertThat(checkedPartials).isPositive();
        assertThat(checkedByLadder).isPositive();
    }

    private void runAndCut(int seed, int promisesBefore, long millisMore) throws IOException, InterruptedException {
        Path scratch = Files.createDirectories(temporary.resolve("scratch"));
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx256m",
                        "-Djava.io.tmpdir=" + scratch,
                        "-cp",
                        System.getProperty("java.class.path"),
                        CrashingWriter.class.getName(),
                        state().toString(),
                        Integer.toString(seed))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader promises = child.inputReader()) {
            assertThat(promises.readLine()).isEqualTo("ready");
            for (int heard = 0; heard < promisesBefore; heard++) {
                note(promises.readLine().split(" ", -1));
            }
            // Not a wait for something to happen: the moment of the cut is meant to be arbitrary.
            child.waitFor(millisMore, TimeUnit.MILLISECONDS);
            cut(child.toHandle());
            // Through the handle: the process itself would close the pipe, and with it lose what was said last.
            child.toHandle().destroyForcibly();
            for (String line = promises.readLine(); line != null; line = promises.readLine()) {
                note(line.split(" ", -1));
            }
            child.waitFor();
        } finally {
            child.destroyForcibly();
        }
        restore();
        try (Stream<Path> left = Files.list(scratch)) {
            for (Path file : left.toList()) {
                Files.delete(file);
            }
        }
    }

    private void note(String[] promise) {
        int number = Integer.parseInt(promise[1]);
        kept.remove(number);
        complete.remove(number);
        switch (promise[0]) {
            case "complete" -> complete.add(number);
            case "kept" -> kept.put(number, Integer.parseInt(promise[2]));
            default -> {} // under way: either outcome is right
        }
    }

    /** Compares everything that the store offers with what it should be; returns how many partial blobs there were. */
    private int check() throws IOException, StoreFull {
        try (RocksBlobStore store = CrashingWriter.open(state())) {
            for (int number : complete) {
                assertThat(store.find(BLOBS.get(number).digest()))
                        .as("complete blob %d", number)
                        .isPresent();
            }
            for (StoredBlob stored : store.list()) {
                try (BlobFile file = store.open(stored.digest()).orElseThrow()) {
                    assertThat(read(file, new ByteRange(0, stored.sizeBytes())))
                            .isEqualTo(BLOBS.get(number(stored.digest())).bytes());
                }
            }
            List<BlobStore.PartialInfo> partials = store.partials();
            for (BlobStore.PartialInfo info : partials) {
                try (PartialBlob partial = store.receive(info.digest(), info.sizeBytes());
                        BlobFile file = partial.open()) {
                    checkChunks(number(info.digest()), partial, file);
                }
            }
            assertNothingElseIsOnDisk(store);
            return partials.size();
        }
    }

    private static int number(Digest digest) {
        return BLOBS.stream().map(TestBlob::digest).toList().indexOf(digest);
    }

    private void checkChunks(int number, PartialBlob partial, BlobFile file) throws IOException {
        TestBlob blob = BLOBS.get(number);
        int present = 0;
        for (int chunk = 0; chunk < Chunk.count(blob.size()); chunk++) {
            if (partial.has(chunk)) {
                ByteRange range = Chunk.range(chunk, blob.size());
                // A chunk may be a liar's, for its blob is not proven; but it is whole.
                assertThat(read(file, range)).isIn(part(blob, range), part(CrashingWriter.wrong(number), range));
                present++;
            }
        }
        assertThat(present).isGreaterThanOrEqualTo(kept.getOrDefault(number, 0));
        checkRungs(partial, file);
        checkKeptProof(partial, file);
    }

    /** Whoever's ladder it is: the chunks that are said to fit it are here, and do. */
    private void checkKeptProof(PartialBlob partial, BlobFile file) throws IOException {
        if (partial.keptProof().isPresent()) {
            LadderProof proof = partial.keptProof().get().proof();
            BitSet held = proof.held();
            assertThat(held.stream().allMatch(partial::has)).isTrue();
            assertThat(new LadderProof(partial.digest(), proof.ladder())
                            .check(file, held)
                            .isEmpty())
                    .isTrue();
            checkedByLadder += held.cardinality();
        }
    }

    /** Whoever's bytes these are: what the index says was hashed of them is their hash. */
    private static void checkRungs(PartialBlob partial, BlobFile file) throws IOException {
        int count = partial.rungs().count();
        assertThat((long) count * Chunk.SIZE_BYTES).isLessThanOrEqualTo(partial.presentPrefixBytes());
        Rungs again = new Rungs();
        new Proof(partial.digest(), again)
                .update(ByteBuffer.wrap(read(file, new ByteRange(0, (long) count * Chunk.SIZE_BYTES))));
        assertThat(again.count()).isEqualTo(count);
        for (int page = 0; page * Ladder.PAGE_RUNGS < count; page++) {
            assertThat(again.page(page, count)).isEqualTo(partial.rungs().page(page, count));
        }
    }

    private static byte[] read(BlobFile file, ByteRange range) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) range.length());
        while (bytes.hasRemaining() && file.channel().read(bytes, range.offset() + bytes.position()) > 0) {}
        return bytes.array();
    }

    private static byte[] part(TestBlob blob, ByteRange range) {
        return Arrays.copyOfRange(blob.bytes(), (int) range.offset(), (int) range.end());
    }

    private void assertNothingElseIsOnDisk(RocksBlobStore store) throws IOException {
        assertThat(state().resolve("blobs/sha256").toFile().list())
                .hasSize(store.list().size());
        assertThat(state().resolve("partial").toFile().list())
                .hasSize(store.partials().size());
    }
}
