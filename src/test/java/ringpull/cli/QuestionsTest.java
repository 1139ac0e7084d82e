package ringpull.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.control.DaemonStatus;
import ringpull.control.TestDaemon;
import ringpull.control.TestImages;
import ringpull.control.TestImages.Entry;
import ringpull.control.TestRing;
import ringpull.ring.Membership.MemberState;
import ringpull.ring.Membership.Status;

/** The commands that ask, against a real control socket. */
class QuestionsTest extends DaemonFixture {
    private void status(Optional<Duration> lastRequest, String... problems) {
        daemon.status = new DaemonStatus(
                "1.2.3",
                Instant.parse("2026-01-02T03:04:05Z"),
                List.of(
                        new DaemonStatus.Port("mirror", "127.0.0.1:7745"),
                        new DaemonStatus.Port("data", "192.0.2.1:7747")),
                lastRequest,
                "libringpull, sha-ni",
                List.of(problems));
    }

    @Test
    void statusOfAWellDaemon() throws IOException {
        daemon.hold(layer);
        status(Optional.of(Duration.ofSeconds(61)));

        Ran ran = ringpull("status");

        assertThat(ran.exitCode()).isZero();
        assertThat(ran.out())
                .contains("version              1.2.3")
                .contains("ready since          2026-01-02T03:04:05Z (")
                .contains("mirror 127.0.0.1:7745, data 192.0.2.1:7747")
                .contains("last client request  61 s ago")
                .contains("2.9 KiB used, 0 B reserved, of 64.0 MiB; 1 blobs, 0 partial")
                .contains("1 alive, 0 suspect, 0 dead")
                .contains("problems             none");
        assertThat(ran.err()).isEmpty();
    }

    @Test
    void statusAsksWhetherContainerdKnowsUs() {
        status(Optional.empty());

        assertThat(ringpull("status").out()).contains("last client request  none: is containerd pointed at us?");
        JsonNode json = ringpull("status", "--json").json();
        assertThat(json.get("last_client_request_age_seconds").isNull()).isTrue();
    }

    @Test
    void problemsNeedAHand() {
        status(Optional.empty(), "the peer ports are on loopback: give [peer] cert, key and ca");
        daemon.ring.add(nodeB, Status.ALIVE, "192.0.2.1:7747 cannot be dialled: open the port");
        daemon.ring.add(TestRing.member("node-c", 'c', "", ""), Status.DEAD, "old news");

        Ran ran = ringpull("status");

        assertThat(ran.exitCode()).isEqualTo(3);
        assertThat(ran.out())
                .contains("  - the peer ports are on loopback")
                .contains("  - node-b: 192.0.2.1:7747 cannot be dialled: open the port")
                .doesNotContain("old news");
        JsonNode json = ringpull("status", "--json").json();
        assertThat(json.get("problems")).hasSize(2);
        assertThat(json.at("/members/alive").asInt()).isEqualTo(2);
        assertThat(json.at("/members/dead").asInt()).isEqualTo(1);
        assertThat(json.at("/store/quota_bytes").asLong()).isEqualTo(TestDaemon.QUOTA_BYTES);
    }

    @Test
    void membersWithThisNodeFirst() {
        daemon.ring.add(nodeB, Status.SUSPECT, "192.0.2.1:7747 cannot be dialled");

        Ran ran = ringpull("members");

        assertThat(ran.exitCode()).isZero();
        List<String> lines = ran.out().lines().toList();
        assertThat(lines.get(0))
                .matches("NAME +ID +STATE +HEALTH +RACK/ZONE +ADDRESSES +TRANSPORTS +BLOBS +STARTED +LAST HEARD"
                        + " +PROBLEM");
        assertThat(lines.get(1))
                .matches("node-a\\* +aaaaaaaa +alive +0 +r1/z1 +192\\.0\\.2\\.1 :7746 :7747 +tcp +1 +\\d+ d ago +- +-");
        assertThat(lines.get(2))
                .matches("node-b +bbbbbbbb +suspect +0 +r2/- +192.* +tcp +7 +\\d+ d ago +3 s ago +192\\.0\\.2\\.1:7747"
                        + " cannot be dialled");
        JsonNode json = ringpull("members", "--json").json();
        assertThat(json.get("total").asInt()).isEqualTo(2);
        assertThat(json.at("/members/1/name").asText()).isEqualTo("node-b");
        assertThat(json.at("/members/1/last_heard_age_seconds").asDouble()).isEqualTo(3.0);
        assertThat(json.at("/members/0/self").asBoolean()).isTrue();
    }

    @Test
    void whoAccusesASuspectIsNamed() {
        daemon.ring.add(new MemberState(
                nodeB,
                Status.SUSPECT,
                "",
                7,
                Duration.ofSeconds(3),
                true,
                4,
                List.of(TestRing.member("node-c", 'c', "", ""), TestRing.member("node-d", 'd', "", ""))));

        assertThat(ringpull("members").out()).containsPattern("suspect +4 .* no answer to node-c, node-d");
        JsonNode json = ringpull("members", "--json").json().at("/members/1");
        assertThat(json.get("health").asInt()).isEqualTo(4);
        assertThat(json.get("eligible").asBoolean()).isTrue();
        assertThat(json.at("/accusers/1").asText()).isEqualTo("node-d");
        assertThat(json.at("/transports/0").asText()).isEqualTo("tcp");
    }

    @Test
    void theRingsOrderOfADigest() throws IOException {
        Digest digest = daemon.hold(layer);
        daemon.ring.add(nodeB, Status.SUSPECT, "");

        Ran ran = ringpull("ring", digest.toString());

        assertThat(ran.exitCode()).isZero();
        assertThat(ran.out().lines())
                .satisfiesExactly(
                        heading -> assertThat(heading).matches("RANK +MEMBER +ID +STATE +RACK/ZONE +WEIGHT +HOLDS IT"),
                        self -> assertThat(self).matches("1 +node-a\\* +aaaaaaaa +alive +r1/z1 +1 +yes"),
                        other -> assertThat(other).matches("2 +node-b +bbbbbbbb +suspect +r2/- +1 +no"),
                        count -> assertThat(count).isEqualTo("of 2 eligible members"));
        JsonNode json =
                ringpull("ring", digest.toString(), "--limit", "1", "--json").json();
        assertThat(json.get("eligible").asInt()).isEqualTo(2);
        assertThat(json.get("members")).hasSize(1);
        assertThat(json.at("/members/0/holds").asBoolean()).isTrue();
        assertThat(ringpull("ring", "team/image:tag").exitCode()).isEqualTo(2);
    }

    @Test
    void foreignWordsCannotSteerATerminal() {
        daemon.ring.add(TestRing.member("evil\u202e", 'e', "", ""), Status.ALIVE, "a\nb\u001b[2J");

        assertThat(ringpull("members").out()).contains("evil?").contains("a?b?[2J");
        assertThat(ringpull("status").out()).contains("evil?: a?b?[2J");
    }

    @Test
    void holdersOfADigest() throws IOException {
        Digest digest = daemon.hold(layer);
        daemon.ring.hold(nodeB, digest, layer.length);

        Ran ran = ringpull("holders", digest.toString());

        assertThat(ran.exitCode()).isZero();
        assertThat(ran.out().lines())
                .satisfiesExactly(
                        heading -> assertThat(heading).matches("MEMBER +ID +RACK/ZONE +SIZE +STATE"),
                        self -> assertThat(self).matches("node-a\\* +aaaaaaaa +r1/z1 +2\\.9 KiB +complete"),
                        other -> assertThat(other).matches("node-b +bbbbbbbb +r2/- +2\\.9 KiB +complete"));
    }

    @Test
    void thisNodeIsAHolderWhileItIsPartial() throws Exception {
        Digest digest = daemon.publish(otherLayer);
        daemon.publish(config);
        daemon.publish("tag", TestImages.manifest(config, otherLayer));
        daemon.origin.holdFrom(1 << 20);
        Thread pull = Thread.ofVirtual().start(() -> ringpull("pull", IMAGE));
        daemon.origin.awaitReader();

        Ran table = ringpull("holders", digest.toString());
        Ran image = ringpull("holders", IMAGE);
        JsonNode json = ringpull("holders", digest.toString(), "--json").json();
        daemon.origin.holdFrom(Long.MAX_VALUE);
        pull.join();

        assertThat(table.out()).contains("partial, 1.0 MiB are here");
        assertThat(image.out()).contains("node-a* (partial, 1.0 MiB)");
        assertThat(json.at("/blobs/0/holders/0/complete").asBoolean(true)).isFalse();
        assertThat(json.at("/blobs/0/holders/0/present_bytes").asLong()).isEqualTo(1 << 20);
    }

    @Test
    void nobodyHoldsIt() {
        String digest = TestImages.digest(layer).toString();

        Ran ran = ringpull("holders", digest);

        assertThat(ran.exitCode()).isEqualTo(5);
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err()).isEqualTo("ringpull: nobody in the ring holds " + digest + System.lineSeparator());
        assertThat(ringpull("holders", digest, "--json").json().at("/blobs/0/holders"))
                .isEmpty();
    }

    @Test
    void holdersOfAnImageHaveARowForEachBlob() throws IOException {
        daemon.publish(config);
        daemon.publish("tag", TestImages.manifest(config, layer, otherLayer));
        daemon.hold(layer);
        daemon.ring.hold(nodeB, TestImages.digest(layer), layer.length);

        Ran ran = ringpull("holders", IMAGE);

        assertThat(ran.exitCode()).isZero();
        List<String> lines = ran.out().lines().toList();
        assertThat(lines).hasSize(6);
        assertThat(lines.get(0)).startsWith(IMAGE + " is sha256:");
        assertThat(lines.get(2)).matches("manifest +sha256:\\w+ +- +\\S+ B +1 +node-a\\*");
        assertThat(lines.get(3)).matches("config +" + TestImages.digest(config) + " +- +20 B +0 +-");
        assertThat(lines.get(4)).matches("layer +" + TestImages.digest(layer) + " +- +2.9 KiB +2 +node-a\\*, node-b");
        assertThat(lines.get(5)).matches("layer +" + TestImages.digest(otherLayer) + " +- +3.0 MiB +0 +-");
    }

    @Test
    void imageWhoseLayersNobodyHoldsIsNotFound() {
        daemon.publish(config);
        daemon.publish("tag", TestImages.manifest(config, layer));

        Ran ran = ringpull("holders", IMAGE);

        assertThat(ran.exitCode()).isEqualTo(5);
        assertThat(ran.out()).contains("layer");
        assertThat(ran.err()).contains("any layer of " + IMAGE);
    }

    @Test
    void imageThatTheRegistryDoesNotHaveIsNotFound() {
        Ran ran = ringpull("holders", IMAGE);

        assertThat(ran.exitCode()).isEqualTo(5);
        assertThat(ran.err()).contains("memory://origin has no " + IMAGE);
    }

    @Test
    void registryOutOfReachIsAFailureWithAdvice() {
        daemon.origin.reachable(false);

        Ran ran = ringpull("holders", IMAGE);

        assertThat(ran.exitCode()).isEqualTo(1);
        assertThat(ran.err()).contains("memory://origin is cut off").contains("endpoints");
    }

    @Test
    void platformOfAnIndex() throws IOException {
        byte[] amd = TestImages.manifest(config, layer);
        byte[] arm = TestImages.manifest(config, otherLayer);
        daemon.publish(amd);
        daemon.publish(arm);
        byte[] index = TestImages.index(List.of(Entry.of("linux/amd64", amd), Entry.of("linux/arm64", arm)));
        daemon.publish("tag", index);
        daemon.hold(layer);
        daemon.hold(otherLayer);

        String one = ringpull("holders", IMAGE, "--platform", "linux/arm64").out();
        String all = ringpull("holders", IMAGE, "--platform", "all").out();
        Ran none = ringpull("holders", IMAGE, "--platform", "plan9/mips");

        assertThat(one).contains(TestImages.digest(otherLayer).toString()).contains("linux/arm64");
        assertThat(one).doesNotContain(TestImages.digest(layer).toString());
        assertThat(all)
                .contains(TestImages.digest(layer).toString())
                .contains(TestImages.digest(otherLayer).toString());
        assertThat(none.exitCode()).isEqualTo(5);
        assertThat(none.err()).contains("plan9/mips").contains("linux/amd64, linux/arm64");
    }

    @Test
    void malformedManifestIsAFailureThatNamesIt() {
        Digest root = daemon.publish("{\"layers\":7}".getBytes(StandardCharsets.UTF_8));
        daemon.origin.tag(TestDaemon.REPOSITORY, "tag", root);

        Ran ran = ringpull("holders", IMAGE);

        assertThat(ran.exitCode()).isEqualTo(1);
        assertThat(ran.err()).contains("the manifest " + root + " cannot be used");
    }

    @Test
    void traceOfADigestAndOfAnImage() {
        Digest digest = daemon.publish(layer);
        daemon.publish(config);
        daemon.publish("tag", TestImages.manifest(config, layer));
        daemon.journal.note(digest, "fallback", "node-b", 0, "it does not answer");
        assertThat(ringpull("pull", IMAGE).exitCode()).isZero();

        Ran ofDigest = ringpull("trace", digest.toString());
        Ran ofImage = ringpull("trace", IMAGE);

        assertThat(ofDigest.exitCode()).isZero();
        assertThat(ofDigest.out())
                .containsSubsequence(
                        "TIME",
                        "fallback",
                        "node-b",
                        "it does not answer",
                        "origin",
                        "memory://origin",
                        "2.9 KiB",
                        "proof");
        assertThat(ofImage.out())
                .contains(digest.toString().substring(0, 19))
                .contains(TestImages.digest(config).toString().substring(0, 19));
        JsonNode entry = ringpull("trace", digest.toString(), "--json").json().at("/entries/0");
        assertThat(entry.get("event").asText()).isEqualTo("fallback");
        assertThat(entry.get("detail").asText()).isEqualTo("it does not answer");
        assertThat(Instant.parse(entry.get("at").asText()))
                .isBefore(Instant.now().plusSeconds(1));
    }

    @Test
    void traceOfWhatNobodyAskedForIsNotFound() {
        Ran ran = ringpull("trace", TestImages.digest(layer).toString());

        assertThat(ran.exitCode()).isEqualTo(5);
        assertThat(ran.err()).contains("remembers nothing");
    }

    @Test
    void whatIsNeitherDigestNorImageIsWrongUsage() {
        for (String command : List.of("holders", "trace", "pull")) {
            Ran ran = ringpull(command, "Not An Image");

            assertThat(ran.exitCode()).as(command).isEqualTo(2);
            assertThat(ran.err()).as(command).contains("neither a digest").contains("nor an image reference");
        }
        assertThat(ringpull("pull", IMAGE, "--platform", "linux").exitCode()).isEqualTo(2);
    }
}
