package ringpull.transport.nvmeof;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import ringpull.blob.Digest;
import ringpull.demo.NodeProcess;
import ringpull.helper.Endpoint;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/** A holder and readers in one process, with the helper as a process and a real kernel between them. */
final class KernelFixture implements AutoCloseable {
    static final InetSocketAddress HOLDER = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    static final Path NVMET = Path.of("/sys/kernel/config/nvmet");
    static final Path CONTROLLERS = Path.of("/sys/class/nvme");

    private static final Endpoint TCP = new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("127.0.0.1"), 4420);

    final Path socket;
    final TestBlobs blobs;
    final Sessions sessions = new Sessions(System::nanoTime);
    final Endpoint endpoint;
    final Exports exports;
    private final List<NvmeofTransport> readers = new ArrayList<>();

    /** The root helper as a process, for as many fixtures as like. */
    static final class Helper implements AutoCloseable {
        final Path socket;
        private Process process;

        Helper() throws IOException {
            socket = Files.createTempDirectory("helper").resolve("h.sock");
            process = start();
        }

        private Process start() throws IOException {
            // With no more rights than the unit that ships gives it.
            List<String> command = new ArrayList<>(List.of("setpriv", "--no-new-privs", "--bounding-set"));
            command.add("-all,+dac_override,+chown,+fowner");
            command.addAll(NodeProcess.command(
                    List.of("helper", "--socket", socket.toString(), "--user", System.getProperty("user.name"))));
            Process started = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            if (started.inputReader().readLine() == null) {
                throw new IOException("the helper ended");
            }
            return started;
        }

        /** SIGKILL: nothing that it made is taken away. */
        void kill() throws InterruptedException {
            process.destroyForcibly().waitFor();
        }

        void restart() throws IOException {
            process = start();
        }

        @Override
        public void close() {
            process.destroy();
            try {
                if (process.waitFor(Duration.ofSeconds(60))) {
                    return;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            process.destroyForcibly();
            throw new AssertionError("the helper did not stop");
        }
    }

    /** @param store where blobs and copies lie */
    KernelFixture(Helper helper, Path store, Endpoint endpoint) throws IOException {
        socket = helper.socket;
        blobs = new TestBlobs(Files.createDirectories(store));
        this.endpoint = endpoint;
        exports = Exports.start(
                socket, endpoint, blobs, sessions, Files.createDirectories(store.resolve("exports")), 512 << 20);
    }

    static KernelFixture inMemory(Helper helper) throws IOException {
        return new KernelFixture(helper, Files.createTempDirectory("blobs"), TCP);
    }

    NvmeofTransport reader(String member) {
        return reader(member, NvmeofTransport.Times.DEFAULT);
    }

    NvmeofTransport reader(String member, NvmeofTransport.Times times) {
        NvmeofTransport transport = new NvmeofTransport(leasing(member), new HelperTargets(socket), times);
        readers.add(transport);
        return transport;
    }

    /** As members ask each other, without the network. */
    Leasing leasing(String member) {
        return new Leasing() {
            @Override
            public boolean offers(InetSocketAddress holder) {
                return holder.equals(HOLDER);
            }

            @Override
            public Session admit(InetSocketAddress holder) {
                return sessions.make(member);
            }

            @Override
            public Optional<Lease> lease(InetSocketAddress holder, Session session, Digest digest)
                    throws IOException, InterruptedException {
                try {
                    return exports.lease(member, session.id(), digest);
                } catch (Exports.Refused e) {
                    throw new IOException(e);
                }
            }

            @Override
            public void release(InetSocketAddress holder, Session session, UUID namespace) {
                exports.release(member, session.id(), namespace);
            }
        };
    }

    /** What of ours the kernel's target has: subsystems, hosts, namespaces and ports. */
    static List<String> inTarget() {
        List<String> found = new ArrayList<>();
        for (String kind : List.of("subsystems", "hosts", "ports")) {
            names(NVMET.resolve(kind)).forEach(name -> found.add(kind + "/" + name));
        }
        names(NVMET.resolve("subsystems"))
                .forEach(subsystem -> names(
                                NVMET.resolve("subsystems").resolve(subsystem).resolve("namespaces"))
                        .forEach(name -> found.add("namespace " + name)));
        return found;
    }

    static long namespaces() {
        return inTarget().stream().filter(one -> one.startsWith("namespace")).count();
    }

    /** Connections of this kernel to targets. */
    static int controllers() {
        return names(CONTROLLERS).size();
    }

    /** Before its target goes: a host that takes leave of one that has gone waits for a minute. */
    static void awaitNoController() throws InterruptedException {
        Await.until("no controller left", Duration.ofMinutes(3), () -> controllers() == 0);
    }

    /** Block devices of this kernel that NVMe has to do with. */
    static NavigableSet<String> disks() {
        TreeSet<String> found = new TreeSet<>(names(Path.of("/sys/class/block")));
        found.removeIf(name -> !name.startsWith("nvme") || name.matches("nvme\\d+c\\d+n\\d+"));
        return found;
    }

    private static List<String> names(Path directory) {
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(path -> String.valueOf(path.getFileName())).toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    @Override
    public void close() {
        readers.forEach(NvmeofTransport::close);
        try {
            awaitNoController();
            exports.close();
            Await.until("nothing left in the kernel", () -> inTarget().isEmpty());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
