package ringpull.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.hash.Sha256;
import ringpull.transport.ChunkSource;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;
import ringpull.transport.rdma.RdmaServer;
import ringpull.transport.rdma.RdmaTransport;
import ringpull.transport.session.Admission;
import ringpull.transport.session.HolderSessions;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/** What {@link Rdma} measures, where the device is: both ends of the product in this process, and the C beside it by turns. */
final class RdmaReads {
    private static final int PIECE_BYTES = 1 << 20;
    private static final int LANES = 4;
    /** Until Java has compiled what runs a few times a piece; on one processor the compiler takes its time from the rounds. */
    private static final int WARM_UP_ROUNDS = 4;

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Path directory;
    private final String reader;
    private final String address;
    private final long bytes;
    private final int rounds;
    private final ByteBuffer values = ByteBuffer.allocateDirect(LANES * Sha256.VALUE_BYTES);
    private final ByteBuffer landed = ByteBuffer.allocateDirect(LANES * PIECE_BYTES);

    private final List<Double> memory = new ArrayList<>();
    private final List<Double> disk = new ArrayList<>();
    private final List<Double> plainReader = new ArrayList<>();
    private final List<Double> ratios = new ArrayList<>();
    private final List<Double> transportRatios = new ArrayList<>();
    private final List<Double> cpu = new ArrayList<>();
    private final List<Double> readerCpu = new ArrayList<>();

    private RdmaReads(String[] arguments) {
        directory = Path.of(arguments[0]);
        reader = arguments[1];
        address = arguments[2];
        bytes = Long.parseLong(arguments[3]);
        rounds = Integer.parseInt(arguments[4]);
    }

    public static void main(String[] arguments) throws IOException, InterruptedException, TransferException {
        new RdmaReads(arguments).measure();
        System.exit(0);
    }

    /** Every holder is the one here. */
    private record Known(Sessions sessions, RdmaServer server) implements Admission {
        @Override
        public boolean isPlain(InetSocketAddress holder) {
            return true;
        }

        @Override
        public boolean offersRdma(InetSocketAddress holder) {
            return true;
        }

        @Override
        public Session ask(InetSocketAddress holder) {
            return sessions.make("bench").at(server.addresses());
        }
    }

    private void measure() throws IOException, InterruptedException, TransferException {
        Path blob = directory.resolve("blob");
        Digest digest = RandomBlob.fill(blob, 1, bytes);
        ChunkSource source = name -> Optional.of(new BlobFile(name, bytes, FileChannel.open(blob)));
        Sessions sessions = new Sessions(System::nanoTime);
        InetAddress device = InetAddress.ofLiteral(address);
        boolean verified = true;
        try (RdmaServer server = RdmaServer.bind(
                        List.of(new InetSocketAddress(device, 0)),
                        source,
                        sessions,
                        2,
                        PATIENCE,
                        Duration.ZERO,
                        served -> {});
                RdmaTransport transport = new RdmaTransport(
                        List.of(device),
                        16,
                        new HolderSessions(new Known(sessions, server), System::nanoTime),
                        PATIENCE,
                        Duration.ZERO,
                        (rail, fetched) -> {})) {
            InetSocketAddress holder = server.addresses().getFirst();
            for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
                double bare = seconds(transport, holder, digest, (at, piece) -> piece.position(piece.limit()));
                double bareReader = readerSeconds("none", false);
                long cpuBefore = cpuNanos();
                double proven = seconds(transport, holder, digest, this::prove);
                double cpuSeconds = (cpuNanos() - cpuBefore) / 1e9;
                double provenReader = readerSeconds("proof", round >= 0);
                Path copy = directory.resolve("copy");
                double written = toDisk(transport, holder, digest, copy);
                verified &= RandomBlob.digest(copy).equals(digest);
                if (round >= 0) {
                    memory.add(bytes / proven / 1e9);
                    disk.add(bytes / written / 1e9);
                    plainReader.add(bytes / provenReader / 1e9);
                    ratios.add(provenReader / proven);
                    transportRatios.add(bareReader / bare);
                    cpu.add(cpuSeconds * 1e9 / bytes);
                }
            }
        }
        report(verified);
    }

    private static double seconds(
            RdmaTransport transport, InetSocketAddress holder, Digest digest, long bytes, Landing to)
            throws TransferException, InterruptedException {
        long start = System.nanoTime();
        transport.read(holder, digest, new ByteRange(0, bytes), to);
        return (System.nanoTime() - start) / 1e9;
    }

    private double seconds(RdmaTransport transport, InetSocketAddress holder, Digest digest, Landing to)
            throws TransferException, InterruptedException {
        return seconds(transport, holder, digest, bytes, to);
    }

    private double toDisk(RdmaTransport transport, InetSocketAddress holder, Digest digest, Path copy)
            throws IOException, TransferException, InterruptedException {
        Files.deleteIfExists(copy);
        try (FileChannel out = FileChannel.open(copy, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            return seconds(transport, holder, digest, (at, piece) -> {
                prove(at, piece.duplicate());
                while (piece.hasRemaining()) {
                    out.write(piece, at + piece.position());
                }
            });
        }
    }

    /** Hashes four pieces side by side, as the rival does. */
    private void prove(long at, ByteBuffer piece) {
        landed.put(piece);
        boolean last = at + piece.limit() >= bytes;
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

    private double readerSeconds(String mode, boolean counts) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(reader, address, Long.toString(bytes), mode)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String line;
        try (var out = process.inputReader()) {
            line = out.readLine();
        }
        if (process.waitFor() != 0 || line == null) {
            throw new IOException("the reader in C failed");
        }
        String[] words = line.split(" ");
        if (counts) {
            readerCpu.add(Double.parseDouble(words[1]) * 1e9 / bytes);
        }
        return Double.parseDouble(words[0]);
    }

    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    private void report(boolean verified) {
        boolean noisy = Measure.spread(plainReader) > Measure.NOISE;
        System.out.println(Bench.format(
                "product, into memory and proven    %.3f GB/s, %.2f CPU s/GB at both ends",
                Measure.median(memory), Measure.median(cpu)));
        System.out.println(Bench.format("product, to a file and proven      %.3f GB/s", Measure.median(disk)));
        System.out.println(Bench.format(
                "reader in C, proven                %.3f GB/s, %.2f CPU s/GB at both ends",
                Measure.median(plainReader), Measure.median(readerCpu)));
        System.out.println(Bench.format(
                "ratio %.2f, of the transport alone %.2f%s",
                Measure.median(ratios), Measure.median(transportRatios), noisy ? "; NOISY" : ""));
        System.out.println(Bench.format(
                "{\"bytes\":%d,\"rounds\":%d,\"gbps_memory\":%.4f,\"gbps_disk\":%.4f,\"reader_gbps\":%.4f,"
                        + "\"ratio\":%.3f,\"transport_ratio\":%.3f,\"cpu_s_per_gb\":%.3f,\"reader_cpu_s_per_gb\":%.3f,"
                        + "\"hasher\":\"%s\",\"verified\":%b,\"noisy\":%b}",
                bytes,
                memory.size(),
                Measure.median(memory),
                Measure.median(disk),
                Measure.median(plainReader),
                Measure.median(ratios),
                Measure.median(transportRatios),
                Measure.median(cpu),
                Measure.median(readerCpu),
                Sha256.fastest().name(),
                verified,
                noisy));
    }
}
