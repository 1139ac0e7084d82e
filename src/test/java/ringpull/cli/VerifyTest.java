package ringpull.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.Digest;
import ringpull.control.TestDaemon;

/** {@code ringpull verify} against the control service over a store of files. */
class VerifyTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @SuppressWarnings("NullAway.Init")
    private TestDaemon daemon;

    private final byte[] content = new byte[3 << 20];

    @BeforeEach
    void start() throws IOException {
        daemon = new TestDaemon(directory);
        new Random().nextBytes(content);
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    private Ran ringpull(String... arguments) {
        return Ran.against(daemon.socket, arguments);
    }

    @Test
    void allAreSound() throws IOException {
        daemon.hold(content);
        daemon.hold(new byte[0]);

        Ran ran = ringpull("verify", "--all");

        assertThat(ran.exitCode()).isZero();
        assertThat(ran.out()).startsWith("2 blobs verified, 3.0 MiB sound, in ").contains("(");
        JsonNode json = ringpull("verify", "--all", "--json").json();
        assertThat(json.get("blobs").asInt()).isEqualTo(2);
        assertThat(json.get("bytes").asLong()).isEqualTo(content.length);
        assertThat(json.get("damaged").asInt()).isZero();
        assertThat(json.get("findings")).isEmpty();
        assertThat(json.get("hasher").asText()).isNotEmpty();
    }

    @Test
    void oneThatRottedIsNamedAndFetchedAgain() throws IOException {
        daemon.publish(content);
        Digest digest = daemon.hold(content);
        rot(digest);

        Ran ran = ringpull("verify", digest.toString());

        assertThat(ran.exitCode()).isEqualTo(1);
        assertThat(ran.out())
                .contains(digest + "  damaged: 1 of 3 chunks on disk are not its bytes; ")
                .contains("1 damaged, 0 unreadable");
    }

    @Test
    void whatRottedIsInTheJsonToo() throws IOException {
        Digest digest = daemon.hold(content);
        rot(digest);

        JsonNode json = ringpull("verify", "--all", "--json").json();

        assertThat(json.get("damaged").asInt()).isEqualTo(1);
        assertThat(json.at("/findings/0/digest").asText()).isEqualTo(digest.toString());
        assertThat(json.at("/findings/0/state").asText()).isEqualTo("damaged");
        assertThat(json.at("/findings/0/damaged_chunks").asInt()).isEqualTo(1);
        assertThat(daemon.store.find(digest)).isEmpty();
    }

    @Test
    void whatIsNotHereIsNotFound() {
        Ran ran = ringpull("verify", "sha256:" + "ab".repeat(32));

        assertThat(ran.exitCode()).isEqualTo(5);
        assertThat(ran.err()).contains("is not complete on this node");
    }

    @Test
    void somethingMustBeNamedAndBeADigest() {
        assertThat(ringpull("verify").exitCode()).isEqualTo(2);
        assertThat(ringpull("verify", "--all", "sha256:" + "ab".repeat(32)).exitCode())
                .isEqualTo(2);
        assertThat(ringpull("verify", "debian:12").exitCode()).isEqualTo(2);
    }

    /** The store of a {@link TestDaemon} lies in the temporary directory, under names of its own. */
    private static void rot(Digest digest) throws IOException {
        List<Path> files;
        try (Stream<Path> stores = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            files = stores.filter(store -> store.getFileName().toString().startsWith("ringpull-store"))
                    .map(store -> store.resolve("blobs/sha256").resolve(digest.hex()))
                    .filter(Files::exists)
                    .toList();
        }
        assertThat(files).hasSize(1);
        try (RandomAccessFile file = new RandomAccessFile(files.getFirst().toFile(), "rw")) {
            file.seek(1 << 20);
            int was = file.read();
            file.seek(1 << 20);
            file.write(was ^ 1);
        }
    }
}
