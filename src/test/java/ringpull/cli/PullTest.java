package ringpull.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.control.TestDaemon;
import ringpull.control.TestImages;
import ringpull.control.TestImages.Entry;
import ringpull.v1.ImagePullEvent;

/** {@code ringpull pull} against a daemon that really fetches. */
class PullTest extends DaemonFixture {
    @Test
    void plainLinesSayWhereEachBlobCameFrom() throws IOException {
        daemon.publish(config);
        daemon.publish("tag", TestImages.manifest(config, layer, otherLayer));
        Digest here = daemon.hold(layer);
        Digest fromNeighbour = daemon.giveTo(nodeB, otherLayer);

        Ran ran = ringpull("pull", IMAGE);

        assertThat(ran.exitCode()).as(ran.err()).isZero();
        assertThat(ran.err()).isEmpty();
        assertThat(ran.out())
                .containsPattern("manifest +sha256:\\w+  \\d+ B  done, from memory://origin")
                .containsPattern("config +" + TestImages.digest(config) + "  20 B  done, from memory://origin")
                .containsPattern("layer +" + here + "  2.9 KiB  was here")
                .containsPattern("layer +" + fromNeighbour + "  3.0 MiB  done, from node-b")
                .containsPattern(IMAGE + " is sha256:")
                .containsPattern("4 blobs in \\d+\\.\\d s: 3.0 MiB from neighbours, \\d+ B from the registry,"
                        + " 2.9 KiB were here")
                .doesNotContain("\u001b");
        assertThat(daemon.store.find(fromNeighbour)).isPresent();
    }

    @Test
    void secondPullAsksForNothing() {
        publish(layer);
        ringpull("pull", IMAGE);
        int opened = daemon.origin.opens();

        Ran again = ringpull("pull", IMAGE);

        assertThat(again.exitCode()).isZero();
        assertThat(again.out()).contains("0 B from neighbours, 0 B from the registry");
        assertThat(daemon.origin.opens()).isEqualTo(opened);
    }

    @Test
    void jsonHasEveryBlobAndTheSums() throws IOException {
        publish(layer, otherLayer);
        daemon.giveTo(nodeB, otherLayer);

        JsonNode json = ringpull("pull", IMAGE, "--json").json();

        assertThat(json.get("image").asText()).isEqualTo(IMAGE);
        assertThat(json.get("root").asText()).startsWith("sha256:");
        assertThat(json.get("failed").asInt()).isZero();
        assertThat(json.get("bytes_from_peers").asLong()).isEqualTo(otherLayer.length);
        assertThat(json.get("bytes_from_origin").asLong()).isGreaterThan(layer.length + config.length);
        assertThat(json.get("bytes_here").asLong()).isZero();
        assertThat(json.get("blobs"))
                .hasSize(4)
                .allSatisfy(blob -> assertThat(blob.get("state").asText()).isEqualTo("done"));
    }

    @Test
    void layerThatNobodyHasFailsThePullButNotTheOthers() {
        daemon.publish(config);
        daemon.publish(otherLayer);
        daemon.publish("tag", TestImages.manifest(config, layer, otherLayer));

        Ran ran = ringpull("pull", IMAGE);

        assertThat(ran.exitCode()).isEqualTo(1);
        assertThat(ran.err())
                .contains("1 of 4 blobs did not arrive")
                .contains("has no " + TestDaemon.REPOSITORY + "@" + TestImages.digest(layer));
        assertThat(ran.out()).containsPattern("layer +" + TestImages.digest(layer) + "  2.9 KiB  failed: ");
        assertThat(daemon.store.find(TestImages.digest(otherLayer))).isPresent();
    }

    @Test
    void layerLargerThanTheManifestSaysFails() {
        daemon.publish(config);
        Digest large = daemon.publish(otherLayer);
        daemon.publish(
                "tag",
                TestImages.manifest(
                        TestImages.descriptor(TestImages.digest(config), config.length, ""),
                        List.of(TestImages.descriptor(large, 7, ""))));

        Ran ran = ringpull("pull", IMAGE);

        assertThat(ran.exitCode()).isEqualTo(1);
        assertThat(ran.err()).contains("the manifest says 7 bytes");
    }

    @Test
    void fullStoreSaysWhichKeyToChange() {
        byte[] larger = TestImages.bytes((int) TestDaemon.QUOTA_BYTES + 1, 4);
        publish(larger);

        Ran ran = ringpull("pull", IMAGE);

        assertThat(ran.exitCode()).isEqualTo(1);
        assertThat(ran.err()).contains("no room").contains("[store] quota");
    }

    @Test
    void oldAnswerOfTheRegistryStandsInAndIsSaid() {
        publish(layer);
        assertThat(ringpull("pull", IMAGE).exitCode()).isZero();
        daemon.origin.reachable(false);

        Ran ran = ringpull("pull", IMAGE);

        assertThat(ran.exitCode()).isZero();
        assertThat(ran.err()).contains("the tag may mean something else by now").containsPattern("\\d+ s ago");
    }

    @Test
    void everyPlatformOfAnIndexIfAsked() {
        byte[] amd = TestImages.manifest(config, layer);
        byte[] arm = TestImages.manifest(config, otherLayer);
        for (byte[] bytes : List.of(config, layer, otherLayer, amd, arm)) {
            daemon.publish(bytes);
        }
        byte[] index = TestImages.index(List.of(Entry.of("linux/amd64", amd), Entry.of("linux/arm64", arm)));
        daemon.publish("tag", index);

        assertThat(ringpull("pull", IMAGE, "--platform", "linux/amd64").exitCode())
                .isZero();
        assertThat(daemon.store.find(TestImages.digest(layer))).isPresent();
        assertThat(daemon.store.find(TestImages.digest(otherLayer))).isEmpty();

        assertThat(ringpull("pull", IMAGE, "--platform", "all").exitCode()).isZero();
        assertThat(daemon.store.find(TestImages.digest(otherLayer))).isPresent();
    }

    @Test
    void onATerminalBarsMoveAndLeaveLines() {
        StringWriter written = new StringWriter();
        PullView view = new PullView(new PrintWriter(written), true, () -> 0);
        ImagePullEvent.Blob blob = ImagePullEvent.Blob.newBuilder()
                .setDigest("sha256:" + "a".repeat(64))
                .setRole("layer")
                .setSizeBytes(4 << 20)
                .setState(ImagePullEvent.State.RUNNING)
                .build();

        view.show(blob.toBuilder().setReceivedBytes(1 << 20).build());
        view.show(blob.toBuilder().setReceivedBytes(2 << 20).build());
        view.show(blob.toBuilder().setState(ImagePullEvent.State.DONE).build());
        view.end();

        String wipe = "\u001b[1F\u001b[J";
        assertThat(written.toString().split("\\R"))
                .containsExactly(
                        "layer    sha256:aaaaaaaaaaaa [######..................] 1.0 MiB of 4.0 MiB",
                        wipe + "layer    sha256:aaaaaaaaaaaa [############............] 2.0 MiB of 4.0 MiB",
                        wipe + "layer    sha256:" + "a".repeat(64) + "  4.0 MiB  done");
    }

    @Test
    void elsewhereALongTransferGetsALineNowAndThen() {
        StringWriter written = new StringWriter();
        AtomicLong nanos = new AtomicLong();
        PullView view = new PullView(new PrintWriter(written), false, nanos::get);
        ImagePullEvent.Blob blob = ImagePullEvent.Blob.newBuilder()
                .setDigest("sha256:" + "a".repeat(64))
                .setRole("layer")
                .setSizeBytes(4 << 20)
                .setReceivedBytes(1 << 20)
                .setState(ImagePullEvent.State.RUNNING)
                .build();

        for (int second = 0; second <= 25; second++) {
            view.show(blob);
            nanos.addAndGet(Duration.ofSeconds(1).toNanos());
        }

        assertThat(written.toString().lines())
                .hasSize(2)
                .allSatisfy(line -> assertThat(line).endsWith("1.0 MiB of 4.0 MiB"));
    }
}
