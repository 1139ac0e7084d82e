package ringpull.bench;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import ringpull.demo.NodeConfig;

/**
 * A daemon that holds two blobs, and one that pulls them from it in turn: its quota has room for one, so that its JVM stays
 * warm and no round finds the blob there.
 */
record Neighbours(BenchNode holder, BenchNode puller) implements AutoCloseable {
    /** What one pull took; CPU seconds of both. */
    record Pull(double seconds, double proof, double client, double server) {}

    /** Blobs that a daemon fetched from nginx, which from then on serves that daemon's own files. */
    record Seed(Path state, List<String> blobs) {
        /** Two of this size. */
        static Seed make(Run run, Nginx origin, long bytes) throws IOException, InterruptedException {
            NodeConfig.Registry registry = NodeConfig.Registry.open(BenchNode.REGISTRY, origin.url(false));
            NodeConfig config = NodeConfig.first(run.file("seed"), "seed", List.of(registry))
                    .quota(mib(bytes * 3));
            Path state = config.directory().resolve("state");
            List<String> blobs = new ArrayList<>();
            try (BenchNode node = BenchNode.start(run, config, List.of())) {
                for (int number = 1; number <= 2; number++) {
                    String blob = RandomBlob.write(origin.www(), number, bytes);
                    node.fetch(blob);
                    // What goes before the kernel wrote it costs the disk nothing.
                    Files.delete(origin.file(blob));
                    Files.createLink(origin.file(blob), state.resolve("blobs/sha256/" + blob));
                    blobs.add(blob);
                }
            }
            return new Seed(state, List.copyOf(blobs));
        }
    }

    /**
     * Starts the two as a ring of their own.
     *
     * @param name of their directories
     * @param io as {@code [peer] io} takes it
     * @param more lines of {@code [peer]}
     */
    static Neighbours start(
            Run run,
            String name,
            Seed seed,
            long bytes,
            String io,
            Optional<BenchCertificates> certificates,
            String... more)
            throws IOException, InterruptedException {
        String[] peer = {"address = \"127.0.0.1\"", "io = \"" + io + "\"", String.join("\n", more)};
        NodeConfig first = NodeConfig.first(run.file("h-" + name), "holder", List.of());
        NodeConfig second = NodeConfig.first(run.file("p-" + name), "puller", List.of());
        if (certificates.isPresent()) {
            NodeConfig.Certificates firsts = certificates.get().of("holder");
            NodeConfig.Certificates seconds = certificates.get().of("puller");
            first = first.certificates(firsts.cert(), firsts.key(), firsts.ca());
            second = second.certificates(seconds.cert(), seconds.key(), seconds.ca());
        }
        copy(seed.state, first.directory().resolve("state"));
        BenchNode holder = BenchNode.start(run, first.peer(peer).quota(mib(bytes * 3)), List.of());
        try {
            NodeConfig joining = second.peer(peer).quota(mib(bytes + bytes / 2)).joining(holder.control());
            return new Neighbours(holder, BenchNode.start(run, joining, List.of()));
        } catch (IOException | InterruptedException e) {
            holder.close();
            throw e;
        }
    }

    private static String mib(long bytes) {
        return (bytes >> 20) + " MiB";
    }

    /** Copies a daemon's state; of blobs, which nobody writes to any more, only the names. */
    static void copy(Path from, Path to) throws IOException {
        Path blobs = from.resolve("blobs");
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                Files.createDirectories(to.resolve(from.relativize(directory)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Path copy = to.resolve(from.relativize(file));
                if (file.startsWith(blobs)) {
                    Files.createLink(copy, file);
                } else {
                    Files.copy(file, copy);
                }
                return FileVisitResult.CONTINUE;
            }
        });
    }

    Pull pull(String blob) throws IOException, InterruptedException {
        double clientBefore = puller.cpuSeconds();
        double serverBefore = holder.cpuSeconds();
        double proofBefore = puller.proofSeconds();
        double seconds = puller.pull(blob, 1);
        double proof = puller.proofSeconds() - proofBefore;
        return new Pull(seconds, proof, puller.cpuSeconds() - clientBefore, holder.cpuSeconds() - serverBefore);
    }

    @Override
    public void close() {
        puller.close();
        holder.close();
    }
}
