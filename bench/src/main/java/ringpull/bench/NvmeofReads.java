package ringpull.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.helper.Endpoint;
import ringpull.transport.ChunkSource;
import ringpull.transport.TransferException;
import ringpull.transport.nvmeof.Exports;
import ringpull.transport.nvmeof.Lease;
import ringpull.transport.nvmeof.Leasing;
import ringpull.transport.nvmeof.NvmeofTransport;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/** What {@link Nvmeof} measures, in the guest: holder, reader and helper of the product, and by turns the C beside them. */
final class NvmeofReads {
    private static final String MEMBER = "bench";
    private static final InetSocketAddress HOLDER = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

    private final String jar;
    private final String reader;
    private final long bytes;
    private final int rounds;

    private NvmeofReads(String[] arguments) {
        jar = arguments[0];
        reader = arguments[1];
        bytes = Long.parseLong(arguments[2]) / Turns.PIECE_BYTES * Turns.PIECE_BYTES;
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
        Turns turns = new Turns(bytes, digest, directory.resolve("copy"));
        try (Exports exports = Exports.start(
                        socket, endpoint, source, sessions, directory.resolve("exports"), bytes + (4L << 20));
                NvmeofTransport transport = new NvmeofTransport(socket, new Here(exports, sessions))) {
            for (int round = 0; round <= rounds; round++) {
                turns.round(
                        landing -> transport.read(HOLDER, digest, new ByteRange(0, bytes), landing),
                        this::readerSeconds,
                        () -> targetSeconds(helper),
                        round > 0);
            }
        } finally {
            helper.destroy();
            helper.waitFor();
        }
        double cpu = turns.cpuSecondsPerGb();
        turns.report(
                Bench.format("; %.3f user CPU s/GB of the serving side's own code", cpu),
                "",
                Bench.format("\"target_user_cpu_s_per_gb\":%.4f", cpu));
    }

    private double readerSeconds(String mode) throws IOException, InterruptedException {
        return Double.parseDouble(
                Turns.plainReader(reader, device(), Integer.toString(Turns.PIECE_BYTES), Long.toString(bytes), mode)[
                        0]);
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
}
