package ringpull.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import ringpull.blob.Digest;
import ringpull.hash.Sha256;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;

/** The product and a plain reader in C read the same blob by turns: bare, into memory and proven, and the product to a file. */
final class Turns {
    static final int PIECE_BYTES = 1 << 20;
    private static final int LANES = 4;

    private final long bytes;
    private final Digest digest;
    private final Path copy;
    private final ByteBuffer values = ByteBuffer.allocateDirect(LANES * Sha256.VALUE_BYTES);
    private final ByteBuffer landed = ByteBuffer.allocateDirect(LANES * PIECE_BYTES);

    private final List<Double> memory = new ArrayList<>();
    private final List<Double> disk = new ArrayList<>();
    private final List<Double> plainReader = new ArrayList<>();
    private final List<Double> ratios = new ArrayList<>();
    private final List<Double> transportRatios = new ArrayList<>();
    private final List<Double> cpu = new ArrayList<>();
    private boolean verified = true;

    /** Reads the whole blob. */
    interface Product {
        void read(Landing to) throws TransferException, InterruptedException;
    }

    /** The reader in C, which is told whether to prove ({@code none}, {@code proof}): its seconds. */
    interface Plain {
        double seconds(String mode) throws IOException, InterruptedException;
    }

    /** CPU seconds that the product has taken so far. */
    interface Cpu {
        double seconds() throws IOException;
    }

    /** @param copy where the blob's copies go */
    Turns(long bytes, Digest digest, Path copy) {
        this.bytes = bytes;
        this.digest = digest;
        this.copy = copy;
    }

    /** @param counts whether it is not a round to warm up */
    void round(Product product, Plain plain, Cpu cpuOfProduct, boolean counts)
            throws IOException, InterruptedException, TransferException {
        double bare = seconds(product, (at, piece) -> piece.position(piece.limit()));
        double barePlain = plain.seconds("none");
        double before = cpuOfProduct.seconds();
        double proven = seconds(product, this::prove);
        double cpuSeconds = cpuOfProduct.seconds() - before;
        double provenPlain = plain.seconds("proof");
        double written = toDisk(product);
        verified &= RandomBlob.digest(copy).equals(digest);
        if (counts) {
            memory.add(bytes / proven / 1e9);
            disk.add(bytes / written / 1e9);
            plainReader.add(bytes / provenPlain / 1e9);
            ratios.add(provenPlain / proven);
            transportRatios.add(barePlain / bare);
            cpu.add(cpuSeconds * 1e9 / bytes);
        }
    }

    private static double seconds(Product product, Landing to) throws TransferException, InterruptedException {
        long start = System.nanoTime();
        product.read(to);
        return (System.nanoTime() - start) / 1e9;
    }

    private double toDisk(Product product) throws IOException, TransferException, InterruptedException {
        Files.deleteIfExists(copy);
        try (FileChannel out = FileChannel.open(copy, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            return seconds(product, (at, piece) -> {
                prove(at, piece.duplicate());
                while (piece.hasRemaining()) {
                    out.write(piece, at + piece.position());
                }
            });
        }
    }

    /** Hashes four pieces side by side, as the rival does. */
    private void prove(long at, ByteBuffer piece) {
        boolean last = at + piece.remaining() >= bytes;
        landed.put(piece);
        if (!landed.hasRemaining() || last) {
            int lanes = landed.position() / PIECE_BYTES;
            landed.flip();
            values.clear();
            for (int lane = 0; lane < LANES; lane++) {
                values.put(Sha256.initialValue());
            }
            Sha256.fastest().compress(values.flip(), landed, PIECE_BYTES, PIECE_BYTES / Sha256.BLOCK_BYTES, lanes);
            landed.clear();
        }
    }

    /** The words that the reader in C ended with; the first is its seconds. */
    static String[] plainReader(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String line;
        try (var out = process.inputReader()) {
            line = out.readLine();
        }
        if (process.waitFor() != 0 || line == null) {
            throw new IOException("the reader in C failed");
        }
        return line.split(" ");
    }

    /** Median CPU seconds of the product for a GB that is fetched and proven. */
    double cpuSecondsPerGb() {
        return Measure.median(cpu);
    }

    /**
     * Prints the table, and the line of JSON.
     *
     * @param product said of the product behind its rate, {@code plain} of the reader in C, {@code json} further fields
     */
    void report(String product, String plain, String json) {
        boolean noisy = Measure.spread(plainReader) > Measure.NOISE;
        System.out.println(
                Bench.format("product, into memory and proven    %.3f GB/s%s", Measure.median(memory), product));
        System.out.println(Bench.format("product, to a file and proven      %.3f GB/s", Measure.median(disk)));
        System.out.println(
                Bench.format("reader in C, proven                %.3f GB/s%s", Measure.median(plainReader), plain));
        System.out.println(Bench.format(
                "ratio %.2f, of the transport alone %.2f%s",
                Measure.median(ratios), Measure.median(transportRatios), noisy ? "; NOISY" : ""));
        System.out.println(Bench.format(
                "{\"bytes\":%d,\"rounds\":%d,\"gbps_memory\":%.4f,\"gbps_disk\":%.4f,\"reader_gbps\":%.4f,"
                        + "\"ratio\":%.3f,\"transport_ratio\":%.3f,%s,\"hasher\":\"%s\",\"verified\":%b,\"noisy\":%b}",
                bytes,
                memory.size(),
                Measure.median(memory),
                Measure.median(disk),
                Measure.median(plainReader),
                Measure.median(ratios),
                Measure.median(transportRatios),
                json,
                Sha256.fastest().name(),
                verified,
                noisy));
    }
}
