package ringpull.bench;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The same cold start with aria2, a BitTorrent client: one seeds on the origin's host, one loads on each of the others and goes on
 * to share, and a tracker here tells each of all as soon as they announce themselves.
 */
final class BitTorrent implements AutoCloseable {
    private static final int PIECE_BYTES = 256 << 10;
    private static final int PORT = 6881;
    private static final long LOOK_MILLIS = 10;
    private static final long NANOS_MAX = 120_000_000_000L;
    private static final Pattern ANNOUNCED = Pattern.compile("(?:^|&)port=([0-9]{1,5})(?:&|$)");

    private final Run run;
    private final HttpServer tracker;
    private final Set<InetSocketAddress> peers = Collections.synchronizedSet(new LinkedHashSet<>());
    private final List<Process> clients = new ArrayList<>();

    /** Seconds until the last had all, and what left the seeding host by the size: frames, headers and answers included. */
    record Outcome(double last, double egress) {}

    private BitTorrent(Run run) throws IOException {
        this.run = run;
        tracker = HttpServer.create(new InetSocketAddress(Lab.OWN_ADDRESS, 0), 0);
        tracker.createContext("/announce", this::announce);
        tracker.start();
    }

    static boolean isInstalled() throws IOException, InterruptedException {
        return new ProcessBuilder("sh", "-c", "command -v aria2c").start().waitFor() == 0;
    }

    /**
     * Runs it once.
     *
     * @param origin the host that has the file at first
     * @param hosts those that want it
     */
    static Outcome race(Run run, Lab.Host origin, List<Lab.Host> hosts, Path file)
            throws IOException, InterruptedException {
        try (BitTorrent swarm = new BitTorrent(run)) {
            return swarm.race(origin, hosts, file);
        }
    }

    private Outcome race(Lab.Host origin, List<Lab.Host> hosts, Path file) throws IOException, InterruptedException {
        Path torrent = Files.write(run.file("blob.torrent"), torrent(file));
        Path whole = Files.writeString(run.file("whole.sh"), "#!/bin/sh\n: > \"$3.whole\"\n");
        run.seconds("chmod", "+x", whole.toString());
        start(origin, file.getParent(), torrent, "--bt-seed-unverified=true");
        await("the seed to announce itself", () -> !peers.isEmpty());
        long sent = Lab.sentBy(origin);
        long begun = System.nanoTime();
        List<Path> done = new ArrayList<>();
        for (Lab.Host host : hosts) {
            Path into = Files.createDirectories(run.file("torrent-" + host.name()));
            start(host, into, torrent, "--on-bt-download-complete=" + whole);
            done.add(into.resolve(file.getFileName() + ".whole"));
        }
        await("all to have the file", () -> done.stream().allMatch(Files::exists));
        double last = (System.nanoTime() - begun) / 1e9;
        return new Outcome(last, (double) (Lab.sentBy(origin) - sent) / Files.size(file));
    }

    private void start(Lab.Host host, Path directory, Path torrent, String more) throws IOException {
        List<String> command = new ArrayList<>(host.enter());
        command.addAll(List.of(
                "aria2c",
                "--quiet=true",
                "--no-conf=true",
                "--dir=" + directory,
                "--listen-port=" + PORT,
                "--seed-ratio=0.0",
                "--bt-tracker-interval=1",
                "--enable-dht=false",
                "--bt-enable-lpd=false",
                "--file-allocation=none",
                more,
                torrent.toString()));
        clients.add(run.start(command.toArray(String[]::new)));
    }

    private void await(String what, BooleanSupplier condition) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + NANOS_MAX;
        while (!condition.getAsBoolean()) {
            for (Process client : clients) {
                if (!client.isAlive()) {
                    throw new IOException("aria2c ended: " + Files.readString(run.log()));
                }
            }
            if (System.nanoTime() > deadline) {
                throw new IOException("waited too long for " + what);
            }
            Thread.sleep(LOOK_MILLIS);
        }
    }

    /** What a client asks a tracker: all who announced themselves, six bytes each. */
    private void announce(HttpExchange exchange) throws IOException {
        try (exchange) {
            Matcher port = ANNOUNCED.matcher(exchange.getRequestURI().getRawQuery());
            if (port.find()) {
                peers.add(new InetSocketAddress(
                        exchange.getRemoteAddress().getAddress(), Integer.parseInt(port.group(1))));
            }
            ByteArrayOutputStream compact = new ByteArrayOutputStream();
            for (InetSocketAddress peer : List.copyOf(peers)) {
                compact.writeBytes(peer.getAddress().getAddress());
                compact.write(peer.getPort() >> 8);
                compact.write(peer.getPort());
            }
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            text(answer, "d8:intervali1e5:peers" + compact.size() + ":");
            answer.writeBytes(compact.toByteArray());
            text(answer, "e");
            exchange.sendResponseHeaders(200, answer.size());
            exchange.getResponseBody().write(answer.toByteArray());
        }
    }

    /** The file's description in bencoding, which has dictionaries' keys in their order. */
    private byte[] torrent(Path file) throws IOException {
        byte[] pieces = pieces(file);
        String announce =
                "http://" + Lab.OWN_ADDRESS + ":" + tracker.getAddress().getPort() + "/announce";
        String name = file.getFileName().toString();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        text(out, "d8:announce" + announce.length() + ":" + announce + "4:infod");
        text(out, "6:lengthi" + Files.size(file) + "e4:name" + name.length() + ":" + name);
        text(out, "12:piece lengthi" + PIECE_BYTES + "e6:pieces" + pieces.length + ":");
        out.writeBytes(pieces);
        text(out, "ee");
        return out.toByteArray();
    }

    private static void text(ByteArrayOutputStream out, String text) {
        out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] pieces(Path file) throws IOException {
        ByteArrayOutputStream hashes = new ByteArrayOutputStream();
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
            for (byte[] piece = in.readNBytes(PIECE_BYTES); piece.length > 0; piece = in.readNBytes(PIECE_BYTES)) {
                hashes.writeBytes(sha1.digest(piece));
            }
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
        return hashes.toByteArray();
    }

    @Override
    public void close() {
        for (Process client : clients) {
            client.destroyForcibly();
            client.onExit().join();
        }
        tracker.stop(0);
    }
}
