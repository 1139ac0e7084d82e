package ringpull.bench;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import ringpull.blob.ImageName;
import ringpull.demo.Containerd;
import ringpull.demo.CountingRegistry;
import ringpull.demo.Programs;
import ringpull.demo.SampleImage;

/**
 * What a dead daemon costs: a real containerd fetches an image of many small layers from a registry, with a hosts.toml that
 * names the registry alone, and with one that names a mirror first which refuses.
 */
final class Dead {
    private static final Duration TIME = Duration.ofSeconds(55);
    private static final Duration FETCH_MAX = Duration.ofSeconds(60);
    private static final ImageName IMAGE = ImageName.parse(BenchNode.REGISTRY + "/bench/image:v1");
    private static final SampleImage.Layer LAYER = new SampleImage.Layer(16 << 10, SampleImage.Compression.GZIP);
    private static final int LAYERS = 40;
    private static final int ROUNDS = 21;

    private final Run run;

    Dead(Run run) {
        this.run = run;
    }

    String measure() throws IOException, InterruptedException {
        SampleImage image =
                SampleImage.write(run.file("image"), IMAGE.reference(), 1, Collections.nCopies(LAYERS, LAYER));
        List<Double> direct = new ArrayList<>();
        List<Double> dead = new ArrayList<>();
        List<Double> addedMillis = new ArrayList<>();
        URI nobody = URI.create("http://127.0.0.1:" + Run.freePort());
        int requests = 0;
        Rounds rounds = run.rounds(ROUNDS, TIME);
        try (CountingRegistry registry = CountingRegistry.start();
                Containerd containerd = Containerd.start(run.file("c"))) {
            registry.add(IMAGE.repository().path(), IMAGE.reference(), image);
            while (rounds.next()) {
                int before = registry.requests().size();
                containerd.direct(BenchNode.REGISTRY, registry.endpoint());
                double withoutMirror = fetch(containerd);
                requests = registry.requests().size() - before;
                containerd.mirror(BenchNode.REGISTRY, nobody, registry.endpoint());
                double withDeadMirror = fetch(containerd);
                if (!rounds.warmUp()) {
                    direct.add(withoutMirror);
                    dead.add(withDeadMirror);
                    addedMillis.add((withDeadMirror - withoutMirror) * 1e3 / requests);
                }
            }
        }
        double added = Measure.median(addedMillis);
        System.out.println(Bench.format("registry alone     %8.3f s  (%d requests)", Measure.median(direct), requests));
        System.out.println(Bench.format("behind a dead one  %8.3f s", Measure.median(dead)));
        System.out.println(Bench.format("added a request    %8.3f ms", added));
        return Bench.format(
                "{\"direct_s\":%.3f,\"dead_s\":%.3f,\"requests\":%d,\"down_ms\":%.3f,\"rounds\":%d,\"noisy\":%b}",
                Measure.median(direct),
                Measure.median(dead),
                requests,
                added,
                rounds.measured(),
                rounds.cutShort() || Measure.spread(direct) > Measure.NOISE);
    }

    /** Seconds; then containerd has nothing of it any more. */
    private double fetch(Containerd containerd) throws IOException, InterruptedException {
        long start = System.nanoTime();
        ctr(containerd, "content", "fetch", "--hosts-dir", containerd.hosts().toString(), IMAGE.toString());
        double seconds = (System.nanoTime() - start) / 1e9;
        if (containerd.verifiedContent().size() < LAYERS) {
            throw new IOException("containerd did not fetch the image");
        }
        ctr(containerd, "images", "rm", "--sync", IMAGE.toString());
        if (!containerd.verifiedContent().isEmpty()) {
            throw new IOException("containerd kept the image, so that a round would find it there");
        }
        return seconds;
    }

    private static void ctr(Containerd containerd, String... arguments) throws IOException, InterruptedException {
        Programs.Outcome outcome = containerd.ctr(FETCH_MAX, arguments);
        if (outcome.exit() != 0) {
            throw new IOException("ctr " + String.join(" ", arguments) + ":\n" + outcome.output());
        }
    }
}
