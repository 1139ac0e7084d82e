package ringpull.transport.nvmeof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.guest.Scenarios;
import ringpull.helper.Endpoint;
import ringpull.helper.HelperClient;
import ringpull.helper.Request;
import ringpull.os.Descriptor;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;
import ringpull.transport.TransferException;
import ringpull.transport.session.Session;

/** What is left, and what readers see, when helper, holder, reader or network goes, in whatever order. */
final class Deaths {
    private static final int SIZE = (9 << 20) + 12_345;
    private static final int MANY_PIECES = 24 << 20;
    private static final Duration WAIT = Duration.ofSeconds(60);
    private static final NvmeofTransport.Times IMPATIENT =
            new NvmeofTransport.Times(WAIT, WAIT, Duration.ofMillis(1), Duration.ofSeconds(5), Duration.ofSeconds(30));

    private final KernelFixture.Helper helper;

    Deaths(KernelFixture.Helper helper) {
        this.helper = helper;
    }

    void add(Scenarios all) {
        all.add("what is shown goes with the helper's connection, and with the helper", this::crashes)
                .add("a blob that is shown no longer fails fast", this::dismissed)
                .add("a namespace that is removed under its reader fails fast", this::removed)
                .add("a target that falls silent is left, and read again when it speaks", this::silent)
                .add("a killed reader leaves nothing", this::readerKilled)
                .add("killed in whatever order, the next helper leaves nothing", this::orders)
                .add("killed amid leases, the next helper leaves nothing", this::killedAmidLeases);
    }

    private void crashes() throws Exception {
        try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
            byte[] blob = kernel.blobs.add(SIZE, 1);
            Digest digest = TestBlobs.digest(blob);
            NvmeofTransport reader = kernel.reader("a", IMPATIENT);
            KernelScenarios.read(reader, digest, new ByteRange(0, SIZE));
            assertThat(KernelFixture.namespaces()).isOne();

            helper.kill();
            assertThat(KernelFixture.namespaces())
                    .as("nobody was there to take it away")
                    .isOne();
            helper.restart();
            assertThat(KernelFixture.inTarget())
                    .as("after the next helper's start")
                    .isEmpty();
            KernelFixture.awaitNoController();

            assertThatThrownBy(() -> KernelScenarios.read(reader, digest, new ByteRange(0, SIZE)))
                    .isInstanceOf(TransferException.Unreachable.class);
            Await.until("it to work again", () -> {
                try {
                    return KernelScenarios.read(reader, digest, new ByteRange(0, SIZE)).length == SIZE;
                } catch (TransferException e) {
                    return false;
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            kernel.exports.close();
            Await.until("nothing shown", () -> KernelFixture.inTarget().isEmpty());
        }
    }

    private void dismissed() throws Exception {
        try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
            brokenOff(kernel, () -> {
                kernel.exports.clear();
                Await.until("nothing shown", () -> kernel.exports.count() == 0);
            });
        }
    }

    /** By root's hand, without the helper. */
    private void removed() throws Exception {
        try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
            brokenOff(kernel, () -> {
                Path subsystem = KernelFixture.NVMET.resolve(KernelFixture.inTarget().stream()
                        .filter(one -> one.startsWith("subsystems/"))
                        .findFirst()
                        .orElseThrow());
                Files.delete(subsystem.resolve("namespaces/1"));
            });
        }
    }

    /** Where packets are lost, all of them, in both directions. */
    private void silent() throws Exception {
        try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
            brokenOff(
                    kernel,
                    () -> KernelScenarios.run("tc", "qdisc", "add", "dev", "lo", "root", "netem", "loss", "100%"));
            KernelScenarios.run("tc", "qdisc", "del", "dev", "lo", "root");
            KernelFixture.awaitNoController();

            byte[] blob = kernel.blobs.add(SIZE, 2);
            assertThat(KernelScenarios.read(kernel.reader("b"), TestBlobs.digest(blob), new ByteRange(0, SIZE)))
                    .isEqualTo(blob);
        }
    }

    private interface Mishap {
        void happens() throws Exception;
    }

    /** A read of many pieces fails, soon, where this happens when the first piece has come. */
    private static void brokenOff(KernelFixture kernel, Mishap mishap) throws Exception {
        Digest digest = TestBlobs.digest(kernel.blobs.add(MANY_PIECES, 1));
        NvmeofTransport reader = kernel.reader("a");
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch gone = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> reading = threads.submit(() -> {
                assertThatThrownBy(() -> reader.read(
                                KernelFixture.HOLDER, digest, new ByteRange(0, MANY_PIECES), (offset, bytes) -> {
                                    begun.countDown();
                                    waitFor(gone);
                                    bytes.position(bytes.limit());
                                }))
                        .isInstanceOf(TransferException.Unreachable.class);
            });
            assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
            mishap.happens();
            gone.countDown();
            reading.get(60, TimeUnit.SECONDS);
        }
    }

    private static void waitFor(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    /** The reader's process is killed: its connection to its helper ends, and that is all that it leaves behind. */
    private void readerKilled() throws Exception {
        try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
            byte[] blob = kernel.blobs.add(SIZE, 1);
            Session session = kernel.sessions.make("a");
            Lease lease = kernel.exports
                    .lease("a", session.id(), TestBlobs.digest(blob))
                    .orElseThrow();
            Process reader = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-cp",
                            System.getProperty("java.class.path"),
                            KilledReader.class.getName(),
                            kernel.socket.toString(),
                            session.id(),
                            DerivedKey.of(session.secret()).hex(),
                            lease.namespace().toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            assertThat(reader.inputReader().readLine()).isEqualTo("open");
            assertThat(KernelFixture.controllers()).isOne();

            reader.destroyForcibly().waitFor();

            KernelFixture.awaitNoController();
            assertThat(KernelFixture.disks()).isEmpty();
        }
    }

    /** The kernel ends a killed process's connections: to the helper, that is all that its death is. */
    private void orders() throws Exception {
        try (Descriptor file = sealed()) {
            for (List<String> order : orders(List.of("helper", "holder", "reader"))) {
                killed(order, file);
                assertThat(KernelFixture.inTarget()).as("%s", order).isEmpty();
                KernelFixture.awaitNoController();
                assertThat(KernelFixture.disks()).as("%s", order).isEmpty();
            }
        }
    }

    private static List<List<String>> orders(List<String> names) {
        List<List<String>> all = new ArrayList<>();
        for (int first = 0; first < names.size(); first++) {
            for (int by : new int[] {1, 2}) {
                List<String> order = new ArrayList<>(names);
                Collections.rotate(order, first);
                if (by == 2) {
                    Collections.swap(order, 1, 2);
                }
                all.add(order);
            }
        }
        return all;
    }

    private void killed(List<String> order, Descriptor file) throws Exception {
        Endpoint endpoint = new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("127.0.0.1"), 4420);
        Request.Session session = new Request.Session("0123456789abcdef".repeat(2));
        Request.Key key = Request.Key.of(new byte[32]);
        UUID name = UUID.randomUUID();
        HelperClient holder = HelperClient.connect(helper.socket);
        HelperClient reader = HelperClient.connect(helper.socket);
        holder.ask(new Request.Listen(endpoint), WAIT);
        holder.ask(new Request.Export(session, key, name), file, WAIT);
        reader.ask(new Request.Connect(endpoint, session, key), WAIT);
        reader.ask(new Request.Open(name), WAIT).close();
        assertThat(KernelFixture.disks()).hasSize(1);
        Map<String, Mishap> deaths = Map.of("holder", holder::close, "reader", reader::close, "helper", helper::kill);
        boolean alive = true;
        for (String who : order) {
            Objects.requireNonNull(deaths.get(who)).happens();
            alive &= !who.equals("helper");
            if (alive && who.equals("reader")) {
                KernelFixture.awaitNoController();
            } else if (alive) {
                Await.until("nothing shown", () -> KernelFixture.inTarget().isEmpty());
            }
        }
        helper.restart();
    }

    private static Descriptor sealed() throws IOException {
        Descriptor file = Descriptor.inMemory("test");
        try (FileChannel channel = file.channel()) {
            channel.write(ByteBuffer.allocate(1), (3 << 20) - 1);
        }
        file.seal();
        return file;
    }

    /** In the middle of whatever it does. */
    private void killedAmidLeases() throws Exception {
        for (int kill = 0; kill < 2; kill++) {
            AtomicInteger leased = new AtomicInteger();
            try (KernelFixture kernel = KernelFixture.inMemory(helper)) {
                Digest digest = TestBlobs.digest(kernel.blobs.add(5000, 1));
                int enough = 5 + 7 * kill;
                Thread leasing = Thread.ofPlatform().start(() -> {
                    try {
                        while (true) {
                            String member = "member " + leased.incrementAndGet();
                            Session session = kernel.sessions.make(member);
                            Lease lease = kernel.exports
                                    .lease(member, session.id(), digest)
                                    .orElseThrow();
                            kernel.exports.release(member, session.id(), lease.namespace());
                        }
                    } catch (IOException | Exports.Refused | InterruptedException e) {
                        // The helper is dead.
                    }
                });
                Await.until("some leases", () -> leased.get() > enough);
                helper.kill();
                leasing.join();
                helper.restart();
                assertThat(KernelFixture.inTarget())
                        .as("after the next helper's start")
                        .isEmpty();
            }
        }
    }
}
