package ringpull.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.hash.Sha256;
import ringpull.helper.Endpoint;
import ringpull.transport.ChunkSource;
import ringpull.transport.Landing;
import ringpull.transport.TransferException;
import ringpull.transport.nvmeof.Exports;
import ringpull.transport.nvmeof.Lease;
import ringpull.transport.nvmeof.Leasing;
import ringpull.transport.nvmeof.NvmeofTransport;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/** What {@link Nvmeof} measures, in the guest: holder, reader and helper of the product, and by turns the C beside them. */
final class NvmeofReads {
    private static final int PIECE_BYTES = 1 << 20;
    private static final int LANES = 4;
    private static final String MEMBER = "bench";
    private static final InetSocketAddress HOLDER = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

    private final String jar;
    private final String reader;
    private final long bytes;
    private final int rounds;
    private final ByteBuffer values = ByteBuffer.allocateDirect(LANES * Sha256.VALUE_BYTES);
    private final ByteBuffer landed = ByteBuffer.allocateDirect(LANES * PIECE_BYTES);

    private final List<Double> memory = new ArrayList<>();
    private final List<Double> disk = new ArrayList<>();
    private final List<Double> plainReader = new ArrayList<>();
    private final List<Double> ratios = new ArrayList<>();
    private final List<Double> transportRatios = new ArrayList<>();
    private final List<Double> targetCpu = new ArrayList<>();

    private NvmeofReads(String[] arguments) {
        jar = arguments[0];
        reader = arguments[1];
        bytes = Long.parseLong(arguments[2]) / PIECE_BYTES * PIECE_BYTES;
        rounds = Integer.parseInt(arguments[3]);
    }

    public static void main(String[] arguments) throws IOException, InterruptedException, TransferException {
        new NvmeofReads(arguments).measure();
        System.exit(0);
    }

    /** The one holder there is, asked without the network. */
    private record Here(Exports exports, Sessions sessions) implements Leasing {
        @Override
        public boolean offers(InetSocketAddress holder) {
            return true;
        }

        @Override
        public Session admit(InetSocketAddress holder) {
            return sessions.make(MEMBER);
        }

        @Override
        public Optional<Lease> lease(InetSocketAddress holder, Session session, Digest digest)
                throws IOException, InterruptedException {
            try {
                return exports.lease(MEMBER, session.id(), digest);
            } catch (Exports.Refused e) {
                throw new IOException(e);
            }
        }

        @Override
        public void release(InetSocketAddress holder, Session session, UUID namespace) {
            exports.release(MEMBER, session.id(), namespace);
        }
    }

    private void measure() throws IOException, InterruptedException, TransferException {
        Path directory = Files.createTempDirectory("bench");
        Path blob = directory.resolve("blob");
        Digest digest = RandomBlob.fill(blob, 1, bytes);
        Path socket = directory.resolve("h.sock");
        Process helper = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "-jar",
                        jar,
                        "helper",
                        "--socket",
                        socket.toString(),
                        "--user",
                        "root")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        if (helper.inputReader().readLine() == null) {
            throw new IOException("the helper ended");
        }
        ChunkSource source = name -> Optional.of(new BlobFile(name, bytes, FileChannel.open(blob)));
        Sessions sessions = new Sessions(System::nanoTime);
        Endpoint endpoint = new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("127.0.0.1"), 4420);
        boolean verified = true;
        try (Exports exports = Exports.start(
                        socket, endpoint, source, sessions, directory.resolve("exports"), bytes + (4L << 20));
                NvmeofTransport transport = new NvmeofTransport(socket, new Here(exports, sessions))) {
            for (int round = 0; round <= rounds; round++) {
                double bare = seconds(transport, digest, (at, piece) -> piece.position(piece.limit()));
                String device = device();
                double bareReader = readerSeconds(device, "none");
                double before = targetSeconds(helper);
                double proven = seconds(transport, digest, this::prove);
                double target = targetSeconds(helper) - before;
                double provenReader = readerSeconds(device, "proof");
                Path copy = directory.resolve("copy");
                double written = toDisk(transport, digest, copy);
                verified &= RandomBlob.digest(copy).equals(digest);
                if (round > 0) {
                    memory.add(bytes / proven / 1e9);
                    disk.add(bytes / written / 1e9);
                    plainReader.add(bytes / provenReader / 1e9);
                    ratios.add(provenReader / proven);
                    transportRatios.add(bareReader / bare);
                    targetCpu.add(target * 1e9 / bytes);
                }
            }
        } finally {
            helper.destroy();
            helper.waitFor();
        }
        report(verified);
    }

    private double seconds(NvmeofTransport transport, Digest digest, Landing to)
            throws TransferException, InterruptedException {
        long start = System.nanoTime();
        transport.read(HOLDER, digest, new ByteRange(0, bytes), to);
        return (System.nanoTime() - start) / 1e9;
    }

    private double toDisk(NvmeofTransport transport, Digest digest, Path copy)
            throws IOException, TransferException, InterruptedException {
        Files.deleteIfExists(copy);
        try (FileChannel out = FileChannel.open(copy, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            return seconds(transport, digest, (at, piece) -> {
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

    private double readerSeconds(String device, String mode) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(reader, device, Integer.toString(PIECE_BYTES), Long.toString(bytes), mode)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String line = process.inputReader().readLine();
        if (process.waitFor() != 0 || line == null) {
            throw new IOException("the reader in C failed");
        }
        return Double.parseDouble(line);
    }

    /** The one disk that is open. */
    private static String device() throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/dev"), "nvme*n1")) {
            return all.iterator().next().toString();
        }
    }

    /** What the serving side's own code has taken: the helper, and the threads of the exports. */
    private static double targetSeconds(Process helper) throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(helper.pid()), "stat"));
        String[] words = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        double seconds = Long.parseLong(words[11]) / 100.0;
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
            if (thread != null && thread.getThreadName().startsWith("export")) {
                seconds += Math.max(0, threads.getThreadUserTime(thread.getThreadId())) / 1e9;
            }
        }
        return seconds;
    }

    private void report(boolean verified) {
        boolean noisy = Measure.spread(plainReader) > Measure.NOISE;
        System.out.println(Bench.format(
                "product, into memory and proven    %.3f GB/s; %.3f user CPU s/GB of the serving side's own code",
                Measure.median(memory), Measure.median(targetCpu)));
        System.out.println(Bench.format("product, to a file and proven      %.3f GB/s", Measure.median(disk)));
        System.out.println(Bench.format("reader in C, proven                %.3f GB/s", Measure.median(plainReader)));
        System.out.println(Bench.format(
                "ratio %.2f, of the transport alone %.2f%s",
                Measure.median(ratios), Measure.median(transportRatios), noisy ? "; NOISY" : ""));
        System.out.println(Bench.format(
                "{\"bytes\":%d,\"rounds\":%d,\"gbps_memory\":%.4f,\"gbps_disk\":%.4f,\"reader_gbps\":%.4f,"
                        + "\"ratio\":%.3f,\"transport_ratio\":%.3f,\"target_user_cpu_s_per_gb\":%.4f,"
                        + "\"hasher\":\"%s\",\"verified\":%b,\"noisy\":%b}",
                bytes,
                memory.size(),
                Measure.median(memory),
                Measure.median(disk),
                Measure.median(plainReader),
                Measure.median(ratios),
                Measure.median(transportRatios),
                Measure.median(targetCpu),
                Sha256.fastest().name(),
                verified,
                noisy));
    }
}
