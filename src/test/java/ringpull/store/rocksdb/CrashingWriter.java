package ringpull.store.rocksdb;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.LadderProof;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.config.Config;
import ringpull.store.PartialBlob;
import ringpull.store.StoreFull;
import ringpull.store.TestBlob;

/**
 * The child that the crash test kills: it fills a store in every way there is, and says on standard output what it was
 * promised. Arguments: directory, seed.
 */
final class CrashingWriter {
    /** Blobs that it writes, over and over. */
    static final int BLOBS = 12;

    /** Small, so that barriers come often. */
    private static final long BARRIER_BYTES = 2L << 20;

    private static final Config.Store UNLIMITED = new Config.Store(new Config.Room.Share(1), new Config.Room.Bytes(0));

    private static final int STEP_BYTES = 16 << 10;

    private final RocksBlobStore store;
    private final Random random;
    private final PrintStream promises;

    private CrashingWriter(RocksBlobStore store, Random random, PrintStream promises) {
        this.store = store;
        this.random = random;
        this.promises = promises;
    }

    static TestBlob blob(int number) {
        return TestBlob.of(number, number * number * 70_000);
    }

    /** Bytes of the same size that a liar might send. */
    static TestBlob wrong(int number) {
        return TestBlob.of(1000 + number, blob(number).size());
    }

    static RocksBlobStore open(Path directory) throws IOException {
        return RocksBlobStore.open(directory, UNLIMITED, InstantSource.system(), BARRIER_BYTES);
    }

    public static void main(String[] args) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            PrintStream promises = new PrintStream(System.out, true);
            CrashingWriter writer =
                    new CrashingWriter(open(Path.of(args[0])), new Random(Long.parseLong(args[1])), promises);
            promises.println("ready");
            while (true) {
                writer.step(threads);
            }
        }
    }

    private void step(ExecutorService threads) throws StoreFull, IOException, InterruptedException, ExecutionException {
        int number = random.nextInt(BLOBS);
        TestBlob blob = blob(number);
        if (store.find(blob.digest()).isPresent()) {
            promises.println("removing " + number);
            store.remove(blob.digest());
            return;
        }
        promises.println("receiving " + number);
        PartialBlob partial = store.receive(blob.digest(), blob.size());
        if (random.nextInt(4) == 0) {
            fill(partial, wrong(number), 1, threads);
            partial.reset();
        }
        fill(partial, blob, random.nextInt(4) == 0 ? 0.5 : 1, threads);
        if (partial.presentBytes() == blob.size()) {
            complete(partial, number);
        } else if (random.nextInt(4) == 0) {
            partial.discard();
        } else {
            List<Integer> present = new ArrayList<>();
            for (int chunk = 0; chunk < Chunk.count(blob.size()); chunk++) {
                if (partial.has(chunk)) {
                    present.add(chunk);
                }
            }
            partial.close();
            promises.println("kept " + number + " " + present.size());
        }
    }

    private void fill(PartialBlob partial, TestBlob blob, double share, ExecutorService threads)
            throws IOException, InterruptedException, ExecutionException {
        List<Integer> absent = new ArrayList<>();
        for (int chunk = 0; chunk < Chunk.count(blob.size()); chunk++) {
            if (!partial.has(chunk)) {
                absent.add(chunk);
            }
        }
        Collections.shuffle(absent, random);
        LadderProof proof = new LadderProof(
                partial.digest(),
                blob.proof().ladder(),
                partial.keptProof()
                        .map(PartialBlob.KeptProof::proof)
                        .filter(kept -> kept.ladder().equals(blob.proof().ladder()))
                        .map(LadderProof::held)
                        .orElse(new BitSet()));
        boolean byLadder = random.nextInt(3) > 0;
        if (byLadder) {
            partial.keep(new PartialBlob.KeptProof(proof, false));
        }
        List<Future<?>> tasks = new ArrayList<>();
        for (int chunk : absent.subList(0, (int) (share * absent.size()))) {
            tasks.add(threads.submit(() -> {
                deliver(partial, blob, Chunk.range(chunk, blob.size()));
                return null;
            }));
        }
        for (Future<?> task : tasks) {
            task.get();
        }
        if (byLadder) {
            check(partial, proof);
        } else {
            hash(partial);
        }
    }

    private static void check(PartialBlob partial, LadderProof proof) throws IOException {
        try (BlobFile file = partial.open()) {
            for (int chunk = 0; chunk < Chunk.count(partial.sizeBytes()); chunk++) {
                BitSet one = new BitSet();
                one.set(chunk, partial.has(chunk));
                proof.check(file, one);
            }
        }
    }

    /** From the file, behind what this life or an earlier one has hashed of it. */
    private static Proof hash(PartialBlob partial) throws IOException {
        Proof proof = new Proof(partial.digest(), partial.rungs());
        try (BlobFile file = partial.open()) {
            ByteBuffer step = ByteBuffer.allocateDirect(STEP_BYTES);
            while (proof.hashedBytes() < partial.presentPrefixBytes()) {
                long left = partial.presentPrefixBytes() - proof.hashedBytes();
                step.clear().limit((int) Math.min(STEP_BYTES, left));
                file.channel().read(step, proof.hashedBytes());
                proof.update(step.flip());
            }
        }
        return proof;
    }

    /** What an earlier life left may be a liar's: then all begins anew. */
    private void complete(PartialBlob partial, int number) throws IOException {
        try {
            partial.complete(hash(partial).finish(), "application/x", "registry.test/repository");
            promises.println("complete " + number);
        } catch (ProofFailed e) {
            partial.reset();
            partial.close();
        }
    }

    /** In small steps, so that a kill may come between them. */
    private static void deliver(PartialBlob partial, TestBlob blob, ByteRange chunk) throws IOException {
        for (long offset = chunk.offset(); offset < chunk.end(); offset += STEP_BYTES) {
            blob.write(partial, offset, Math.min(STEP_BYTES, chunk.end() - offset));
        }
        partial.received(chunk);
    }
}
