package ringpull.bench;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import ringpull.cli.ControlClient;
import ringpull.demo.NodeConfig;
import ringpull.demo.NodeProcess;
import ringpull.v1.HoldersReply;

/** A daemon that is asked for blobs as containerd does, here or in another network namespace. */
final class BenchNode implements AutoCloseable {
    /** What the daemons call the origin. */
    static final String REGISTRY = "bench.test";

    private static final long WAIT_NANOS_MAX = 120_000_000_000L;
    private static final long LOOK_MILLIS = 10;
    private static final long RETRY_MILLIS = 1_000;

    private final Run run;
    private final NodeProcess process;
    private final List<String> enter;

    private BenchNode(Run run, NodeProcess process, List<String> enter) {
        this.run = run;
        this.process = process;
        this.enter = enter;
    }

    /** @param enter what to put before a command line to run it where the daemon is to run; empty: here */
    static BenchNode start(Run run, NodeConfig config, List<String> enter) throws IOException, InterruptedException {
        return new BenchNode(run, NodeProcess.start(config, enter, List.of()), enter);
    }

    URI mirror() {
        return process.mirror();
    }

    /** A seed for others. */
    String control() {
        return process.control();
    }

    /** CPU seconds so far. */
    double cpuSeconds() throws IOException {
        return Measure.cpuSeconds(process.pid());
    }

    /** The most that was resident so far. */
    double peakMib() throws IOException {
        return Measure.mib(process.pid(), "VmHWM");
    }

    /** Fetches a blob from the origin. */
    void fetch(String blob) throws IOException, InterruptedException {
        get(blob, "?ns=" + REGISTRY);
    }

    /** Seconds until a blob that nobody holds is proven, on disk and durable. */
    double cold(String blob) throws IOException, InterruptedException {
        return get(blob, "?ns=" + REGISTRY);
    }

    Path stored(String blob) {
        return process.config().directory().resolve("state/blobs/sha256/" + blob);
    }

    void kill() throws InterruptedException {
        process.kill();
    }

    /** For how long blobs whose bytes were all here waited for the rest of their proof, since the start. */
    double proofSeconds() throws IOException, InterruptedException {
        return process.metric("ringpull_proof_wait_seconds_total", Map.of());
    }

    /** Waits until the daemon counts so many members, and may bring blobs together with them. */
    void awaitMembers(int count) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + WAIT_NANOS_MAX;
        try (ControlClient client = ControlClient.open(process.socket())) {
            while (client.status().getMembersAlive() < count
                    || process.metric("ringpull_members_eligible", Map.of()) < count) {
                if (System.nanoTime() > deadline) {
                    throw new IOException(
                            process.name() + " does not find the others: " + Files.readString(process.log()));
                }
                Thread.sleep(LOOK_MILLIS);
            }
        }
    }

    /** Seconds until a blob that so many neighbours hold is proven, on disk and durable. */
    double pull(String blob, int holders) throws IOException, InterruptedException {
        awaitHolders(blob, holders);
        return get(blob, "");
    }

    /**
     * Asks for the last byte, which leaves when all are proven, and waits for the file, which is renamed when it is synced.
     * A client that the mirror sends upstream, since it takes long, asks again.
     */
    private double get(String blob, String query) throws IOException, InterruptedException {
        URI url = process.mirror().resolve("/" + RandomBlob.PATH + blob + query);
        List<String> command = new ArrayList<>(enter);
        command.addAll(List.of("curl", "-sSf", "-r", "-1", "-o", "/dev/null", url.toString()));
        Path stored = stored(blob);
        long start = System.nanoTime();
        Process client = run.start(command.toArray(String[]::new));
        while (client.isAlive() || !Files.exists(stored)) {
            if (System.nanoTime() - start > WAIT_NANOS_MAX) {
                client.destroy();
                throw new IOException(process.name() + " does not get the blob: " + Files.readString(run.log())
                        + Files.readString(process.log()));
            }
            boolean ended = client.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            if (ended && client.exitValue() != 0) {
                awaitStored(stored);
                client = run.start(command.toArray(String[]::new));
            } else if (ended) {
                Thread.sleep(LOOK_MILLIS);
            }
        }
        return (System.nanoTime() - start) / 1e9;
    }

    /** A client that is sent upstream waits a little, unless the blob comes meanwhile. */
    private static void awaitStored(Path stored) throws InterruptedException {
        for (long waited = 0; waited < RETRY_MILLIS && !Files.exists(stored); waited += LOOK_MILLIS) {
            Thread.sleep(LOOK_MILLIS);
        }
    }

    /** Waits until the daemon knows that so many others hold all of a blob. */
    void awaitHolders(String blob, int count) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + WAIT_NANOS_MAX;
        try (ControlClient client = ControlClient.open(process.socket())) {
            while (others(client, blob) < count) {
                if (System.nanoTime() > deadline) {
                    throw new IOException(
                            process.name() + " does not learn who holds the blob: " + Files.readString(process.log()));
                }
                Thread.sleep(LOOK_MILLIS);
            }
        }
    }

    private long others(ControlClient client, String blob) throws IOException {
        return client.holders("sha256:" + blob, "").getBlobsList().stream()
                .flatMap(row -> row.getHoldersList().stream())
                .filter(HoldersReply.Holder::getComplete)
                .filter(holder -> !holder.getMember().equals(process.name()))
                .count();
    }

    @Override
    public void close() {
        process.close();
    }
}
