package ringpull.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.ChunkSource;
import ringpull.transport.TransferException;
import ringpull.transport.rdma.RdmaServer;
import ringpull.transport.rdma.RdmaTransport;
import ringpull.transport.session.Admission;
import ringpull.transport.session.HolderSessions;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/** What {@link Rdma} measures, where the device is: both ends of the product in this process, and the C beside it by turns. */
final class RdmaReads {
    /** Until Java has compiled what runs a few times a piece; on one processor the compiler takes its time from the rounds. */
    private static final int WARM_UP_ROUNDS = 4;

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Path directory;
    private final String reader;
    private final String address;
    private final long bytes;
    private final int rounds;
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
        Turns turns = new Turns(bytes, digest, directory.resolve("copy"));
        try (RdmaServer server = RdmaServer.bind(
                        List.of(new InetSocketAddress(device, 0)),
                        source,
                        sessions,
                        2,
                        PATIENCE,
                        Duration.ZERO,
                        (rail, served) -> {});
                RdmaTransport transport = new RdmaTransport(
                        List.of(device),
                        16,
                        new HolderSessions(new Known(sessions, server), System::nanoTime),
                        PATIENCE,
                        Duration.ZERO,
                        (rail, fetched) -> {})) {
            InetSocketAddress holder = server.addresses().getFirst();
            for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
                boolean counts = round >= 0;
                turns.round(
                        landing -> transport.read(holder, digest, new ByteRange(0, bytes), landing),
                        mode -> readerSeconds(mode, counts),
                        RdmaReads::cpuSeconds,
                        counts);
            }
        }
        double cpu = turns.cpuSecondsPerGb();
        double plainCpu = Measure.median(readerCpu);
        turns.report(
                Bench.format(", %.2f CPU s/GB at both ends", cpu),
                Bench.format(", %.2f CPU s/GB at both ends", plainCpu),
                Bench.format("\"cpu_s_per_gb\":%.3f,\"reader_cpu_s_per_gb\":%.3f", cpu, plainCpu));
    }

    private double readerSeconds(String mode, boolean counts) throws IOException, InterruptedException {
        String[] words = Turns.plainReader(reader, address, Long.toString(bytes), mode);
        if (counts && mode.equals("proof")) {
            readerCpu.add(Double.parseDouble(words[1]) * 1e9 / bytes);
        }
        return Double.parseDouble(words[0]);
    }

    /** Of both ends: they are in this process. */
    private static double cpuSeconds() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime() / 1e9;
    }
}
