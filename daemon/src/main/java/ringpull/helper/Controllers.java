package ringpull.helper;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.os.Descriptor;

/** This kernel as the host of other nodes' targets: {@code /dev/nvme-fabrics}, and what appears under {@code /sys}. */
final class Controllers {
    private static final Logger log = LoggerFactory.getLogger(Controllers.class);
    private static final Pattern INSTANCE = Pattern.compile("instance=(\\d{1,6}),cntlid=\\d+\\s*");
    private static final int ANSWER_BYTES = 4096;

    /**
     * A target that is silent is found out after the first, a lost one is given up after the last of these seconds; reads
     * that wait for it fail in between.
     */
    private static final String FAIL_FAST = ",keep_alive_tmo=5,reconnect_delay=1,fast_io_fail_tmo=2,ctrl_loss_tmo=6";

    /** A namespace shows up within milliseconds of the rescan; a slow machine gets this long. */
    private static final long APPEAR_NANOS = TimeUnit.SECONDS.toNanos(4);

    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final Path fabrics;
    private final Path sys;
    private final Path dev;

    Controllers() {
        this(Path.of("/dev/nvme-fabrics"), Path.of("/sys"), Path.of("/dev"));
    }

    Controllers(Path fabrics, Path sys, Path dev) {
        this.fabrics = fabrics;
        this.sys = sys;
        this.dev = dev;
    }

    /** @throws IOException with a sentence, if this kernel cannot read from targets that want to know who reads */
    void check() throws IOException {
        if (!Files.exists(fabrics)) {
            throw new IOException("no " + fabrics + ": the kernel is no NVMe-oF host (modprobe nvme-fabrics)");
        }
        if (!options().contains("dhchap_secret")) {
            throw new IOException("the kernel's NVMe host knows no DH-HMAC-CHAP (CONFIG_NVME_HOST_AUTH)");
        }
    }

    private String options() throws IOException {
        ByteBuffer options = ByteBuffer.allocate(ANSWER_BYTES);
        try (FileChannel channel = FileChannel.open(fabrics)) {
            channel.read(options);
        } catch (IOException e) {
            throw new IOException("cannot ask " + fabrics + " what it knows: " + e, e);
        }
        return StandardCharsets.US_ASCII.decode(options.flip()).toString();
    }

    /** One connection to one target. */
    final class Controller implements AutoCloseable {
        private final Path directory;
        private final String subsystem;

        private Controller(Path directory, String subsystem) {
            this.directory = directory;
            this.subsystem = subsystem;
        }

        /** Opens what this target shows under a name; what others show never. */
        Descriptor open(UUID name) throws IOException {
            long deadline = System.nanoTime() + APPEAR_NANOS;
            KernelFiles.write(directory.resolve("rescan_controller"), "1");
            Optional<Path> block = find(name);
            while (block.isEmpty()) {
                if (System.nanoTime() > deadline) {
                    throw new IOException("the target does not show " + name);
                }
                LockSupport.parkNanos(POLL_NANOS);
                block = find(name);
            }
            String node = String.valueOf(block.get().getFileName());
            Descriptor device = Descriptor.openDirect(dev.resolve(node));
            try {
                checkOpened(device, block.get());
                return device;
            } catch (IOException | RuntimeException e) {
                device.close();
                throw e;
            }
        }

        private Optional<Path> find(UUID name) throws IOException {
            for (Path block : KernelFiles.in(sys.resolve("block"), "nvme*n*")) {
                // Hidden paths of a shared namespace have no node of their own.
                if (KernelFiles.read(block.resolve("uuid")).equals(name.toString())
                        && KernelFiles.read(block.resolve("device/subsysnqn")).equals(subsystem)
                        && !KernelFiles.read(block.resolve("hidden")).equals("1")
                        && !KernelFiles.read(block.resolve("size")).equals("0")) {
                    return Optional.of(block);
                }
            }
            return Optional.empty();
        }

        /** The node may have become another disk's meanwhile; and a target that shows partitions shows no blob. */
        private void checkOpened(Descriptor device, Path block) throws IOException {
            long opened = (Long) Files.getAttribute(device.path(), "unix:rdev");
            long major = (opened >>> 8) & 0xfff;
            long minor = (opened & 0xff) | ((opened >>> 12) & 0xfff00);
            if (!KernelFiles.read(block.resolve("dev")).equals(major + ":" + minor)) {
                throw new IOException(block + " has become another disk");
            }
            if (!KernelFiles.in(block.toRealPath(), block.getFileName() + "p*").isEmpty()) {
                throw new IOException("the target shows a disk with partitions, which no blob has");
            }
        }

        /** Disconnects; reads that run fail. */
        @Override
        public void close() {
            disconnect(directory, subsystem);
        }
    }

    /** Connects; may take as long as the target lets the kernel wait. */
    Controller connect(Request.Connect request) throws IOException {
        Endpoint endpoint = request.endpoint();
        String options = "transport=" + endpoint.fabric().word() + ",traddr=" + endpoint.host() + ",trsvcid="
                + endpoint.port() + ",nqn=" + request.session().subsystem() + ",hostnqn="
                + request.session().host() + ",hostid=" + request.session().hostId() + FAIL_FAST + ",dhchap_secret="
                + Names.secret(request.key());
        ByteBuffer answer = ByteBuffer.allocate(ANSWER_BYTES);
        try (FileChannel channel = FileChannel.open(fabrics, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(options.getBytes(StandardCharsets.US_ASCII)));
            channel.read(answer);
        } catch (IOException e) {
            throw new IOException("cannot connect to " + endpoint + ": " + e.getMessage(), e);
        }
        String text = StandardCharsets.US_ASCII.decode(answer.flip()).toString();
        Matcher matcher = INSTANCE.matcher(text);
        if (!matcher.matches()) {
            throw new IOException(fabrics + " answers \"" + text.strip() + "\"");
        }
        return new Controller(
                sys.resolve("class/nvme/nvme" + matcher.group(1)),
                request.session().subsystem());
    }

    private static void disconnect(Path directory, String subsystem) {
        // One that was lost is gone already, and its number may be another's.
        if (!KernelFiles.read(directory.resolve("subsysnqn")).equals(subsystem)) {
            return;
        }
        try {
            KernelFiles.write(directory.resolve("delete_controller"), "1");
        } catch (IOException e) {
            log.warn("not disconnected: {}", e.getMessage());
        }
    }

    /** Disconnects from all targets of ours, whoever connected. */
    void sweep() throws IOException {
        for (Path directory : KernelFiles.in(sys.resolve("class/nvme"), "nvme*")) {
            String subsystem = KernelFiles.read(directory.resolve("subsysnqn"));
            if (subsystem.startsWith(Names.SUBSYSTEM)) {
                disconnect(directory, subsystem);
            }
        }
    }
}
