package ringpull.bench;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import ringpull.blob.BlobFile;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.LadderProof;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.hash.Sha256;

/**
 * Makes a ladder and proves by it, side by side with OpenSSL's SHA-256: one file in the page cache, read the same way,
 * hashed in the same process, in turn. Rates of one core are bytes by CPU seconds of the thread, so that neighbours on the
 * machine do not count.
 */
final class Verify {
    private static final int STEP_BYTES = 256 << 10;
    private static final int BATCH = 4 * LadderProof.LANES;
    private static final Duration TIME = Duration.ofSeconds(55);

    /** Pulls that are killed, at a different part of the blob each. */
    private static final int KILLS = 3;

    private final Run run;
    private final Path path;
    private final long bytes;
    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final ByteBuffer step = ByteBuffer.allocateDirect(STEP_BYTES);

    private final List<Double> openssl = new ArrayList<>();
    private final List<Double> make = new ArrayList<>();
    private final List<Double> makeRatios = new ArrayList<>();
    private final List<Double> prove = new ArrayList<>();
    private final List<Double> proveRatios = new ArrayList<>();
    private final List<Double> allCores = new ArrayList<>();
    private final List<Double> scalings = new ArrayList<>();
    private final List<Double> allocated = new ArrayList<>();
    private final List<Double> rehashed = new ArrayList<>();

    Verify(Run run) throws IOException {
        this.run = run;
        this.path = run.file("blob");
        this.bytes = run.number("--bytes", 512L << 20);
    }

    String measure() throws IOException, InterruptedException {
        Rounds rounds = run.rounds(Rounds.USUAL, TIME);
        int cores = Runtime.getRuntime().availableProcessors();
        write();
        try (Libcrypto libcrypto = new Libcrypto();
                FileChannel channel = FileChannel.open(path);
                ExecutorService pool = Executors.newFixedThreadPool(cores)) {
            Digest digest = Digest.ofBytes(hash(libcrypto, channel));
            BlobFile file = new BlobFile(digest, bytes, channel);
            Ladder ladder = make(file);
            while (rounds.next()) {
                if (!rounds.warmUp() && rounds.measured() <= KILLS) {
                    long killAt = bytes / 2 + (rounds.measured() - 1) * (bytes / 6);
                    Path state = run.file("state-" + rounds.measured());
                    rehashed.add((double) KilledPull.rehashed(path, digest, bytes, state, killAt));
                }
                round(libcrypto, file, ladder, pool, cores, !rounds.warmUp());
            }
        } catch (ProofFailed | ExecutionException e) {
            throw new IOException("what was measured is wrong: " + e.getMessage(), e);
        }
        return report(cores, rounds);
    }

    private void round(
            Libcrypto libcrypto, BlobFile file, Ladder ladder, ExecutorService pool, int cores, boolean counts)
            throws IOException, InterruptedException, ExecutionException, ProofFailed {
        long start = cpu();
        if (!Digest.ofBytes(hash(libcrypto, file.channel())).equals(file.digest())) {
            throw new IOException("OpenSSL's digests differ");
        }
        double opensslSeconds = (cpu() - start) / 1e9;

        start = cpu();
        make(file);
        double makeSeconds = (cpu() - start) / 1e9;

        LadderProof one = new LadderProof(file.digest(), ladder);
        long allocatedBefore =
                threads.getThreadAllocatedBytes(Thread.currentThread().threadId());
        start = cpu();
        check(one, file, new AtomicInteger());
        double proveSeconds = (cpu() - start) / 1e9;
        long allocatedAfter =
                threads.getThreadAllocatedBytes(Thread.currentThread().threadId());
        one.finish();

        LadderProof all = new LadderProof(file.digest(), ladder);
        AtomicInteger next = new AtomicInteger();
        List<Callable<Double>> workers = new ArrayList<>();
        for (int i = 0; i < cores; i++) {
            workers.add(() -> {
                long began = cpu();
                check(all, file, next);
                return (cpu() - began) / 1e9;
            });
        }
        long wall = System.nanoTime();
        double cpuSeconds = 0;
        for (Future<Double> worker : pool.invokeAll(workers)) {
            cpuSeconds += worker.get();
        }
        double wallSeconds = (System.nanoTime() - wall) / 1e9;
        all.finish();

        if (counts) {
            openssl.add(bytes / opensslSeconds / 1e9);
            make.add(bytes / makeSeconds / 1e9);
            makeRatios.add(opensslSeconds / makeSeconds);
            prove.add(bytes / proveSeconds / 1e9);
            proveRatios.add(opensslSeconds / proveSeconds);
            allCores.add(bytes / wallSeconds / 1e9);
            scalings.add(proveSeconds / cpuSeconds);
            allocated.add((allocatedAfter - allocatedBefore) * 1e9 / bytes);
        }
    }

    private long cpu() {
        return threads.getCurrentThreadCpuTime();
    }

    private byte[] hash(Libcrypto libcrypto, FileChannel channel) throws IOException {
        long address = MemorySegment.ofBuffer(step.clear()).address();
        libcrypto.begin();
        for (long at = 0; at < bytes; at += step.position()) {
            channel.read(step.clear(), at);
            libcrypto.update(address, step.position());
        }
        return libcrypto.finish();
    }

    private Ladder make(BlobFile file) throws IOException, ProofFailed {
        Proof proof = new Proof(file.digest());
        while (proof.hashedBytes() < bytes) {
            file.channel().read(step.clear(), proof.hashedBytes());
            proof.update(step.flip());
        }
        return proof.finish().ladder();
    }

    private static void check(LadderProof proof, BlobFile file, AtomicInteger next) throws IOException {
        int links = proof.links();
        for (int from = next.getAndAdd(BATCH); from < links; from = next.getAndAdd(BATCH)) {
            BitSet batch = new BitSet();
            batch.set(from, Math.min(from + BATCH, links));
            if (!proof.check(file, batch).isEmpty()) {
                throw new IOException("chunks from " + from + " on do not prove");
            }
        }
    }

    private void write() throws IOException {
        Random random = new Random(1);
        byte[] chunk = new byte[Chunk.SIZE_BYTES];
        try (FileChannel out = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (long at = 0; at < bytes; at += chunk.length) {
                random.nextBytes(chunk);
                out.write(ByteBuffer.wrap(chunk, 0, (int) Math.min(chunk.length, bytes - at)));
            }
        }
    }

    private String report(int cores, Rounds rounds) {
        boolean noisy = Measure.spread(openssl) > Measure.NOISE || rounds.cutShort();
        System.out.println(
                Bench.format("hasher                    %s", Sha256.fastest().name()));
        System.out.println(Bench.format("openssl, one core         %.2f GB/s", Measure.median(openssl)));
        System.out.println(Bench.format(
                "make a ladder, one core   %.2f GB/s, %.2f x openssl",
                Measure.median(make), Measure.median(makeRatios)));
        System.out.println(Bench.format(
                "prove by it, one core     %.2f GB/s, %.2f x openssl; %.0f KB allocated a GB",
                Measure.median(prove), Measure.median(proveRatios), Measure.median(allocated) / 1e3));
        System.out.println(Bench.format(
                "prove by it, %d cores      %.2f GB/s, scaling %.2f by CPU seconds%s",
                cores, Measure.median(allCores), Measure.median(scalings), noisy ? "; NOISY" : ""));
        System.out.println(Bench.format(
                "hashed again after a kill %.0f bytes at most, of %d pulls",
                Collections.max(rehashed), rehashed.size()));
        return Bench.format(
                "{\"hasher\":\"%s\",\"bytes\":%d,\"rounds\":%d,\"openssl_one_core_gbps\":%.3f,"
                        + "\"make_one_core_gbps\":%.3f,\"make_ratio\":%.3f,\"prove_one_core_gbps\":%.3f,"
                        + "\"prove_ratio\":%.3f,\"prove_all_cores_gbps\":%.3f,\"cores\":%d,\"scaling\":%.3f,"
                        + "\"alloc_bytes_per_gb\":%.0f,\"rehash_bytes_after_kill\":%.0f,\"noisy\":%b}",
                Sha256.fastest().name(),
                bytes,
                rounds.measured(),
                Measure.median(openssl),
                Measure.median(make),
                Measure.median(makeRatios),
                Measure.median(prove),
                Measure.median(proveRatios),
                Measure.median(allCores),
                cores,
                Measure.median(scalings),
                Measure.median(allocated),
                Collections.max(rehashed),
                noisy);
    }
}
