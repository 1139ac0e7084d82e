package ringpull.helper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ringpull.fuzz.Fuzz;
import ringpull.transport.Await;

/** What whoever took over the daemon can send to the helper. */
@Timeout(120)
class HostilePeerTest extends RunningHelper {
    private static final byte[] PROBE = "probe".getBytes(StandardCharsets.US_ASCII);
    private static final String HEX = "0123456789abcdef";
    private static final String NAME = "00000000-0000-4000-8000-000000000001";

    @Test
    void lines() {
        String session = HEX + HEX;
        new Fuzz("Request.parse", IllegalArgumentException.class)
                .with("probe", "listen tcp 10.0.0.1 4420", "listen rdma fd00::1 4420", "dismiss " + session)
                .with("export " + session + " " + session + session + " " + NAME, "withdraw " + session + " " + NAME)
                .with("connect tcp 10.0.0.1 4420 " + session + " " + session + session, "open " + NAME)
                .with("abort " + session + session)
                .longest(4096)
                .texts(line -> {
                    Request request = Request.parse(line);
                    assertThat(Request.parse(request.line())).isEqualTo(request);
                });
    }

    /** No connect and no listen: where the kernel can, those would be done. */
    @Test
    void whateverIsSentIsAnsweredAndHoldsNoFile() throws IOException {
        String session = HEX + HEX;
        long before = openFiles();
        try (RawPeer peer = new RawPeer(socket, 60)) {
            int[] sent = {0};
            new Fuzz("HelperServer")
                    .with("probe", "dismiss " + session, "withdraw " + session + " " + NAME, "open " + NAME)
                    .with("export " + session + " " + session + session + " " + NAME, "abort " + session + session)
                    .inputs(2000)
                    .longest(6000)
                    .bytes(input -> {
                        if (input.length > 0) { // that is the end of a connection
                            int files = ++sent[0] % 2 == 0 ? 1 : sent[0] % 20;
                            assertThat(peer.send(input, files)).isTrue();
                            assertThat(peer.receive()).matches("(?s)(ok|no) .*");
                        }
                    });
            peer.send(PROBE, 0);
            assertThat(peer.receive()).startsWith("ok");
        }
        assertThat(openFiles() - before)
                .as("files left open, of 10,000 that were sent")
                .isLessThan(500);
    }

    private static long openFiles() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }

    @Test
    void whatIsTooLongOrHasTooManyFilesIsRefusedAndTheConnectionGoesOn() throws IOException {
        try (RawPeer peer = new RawPeer(socket, 60)) {
            for (int files : new int[] {2, 12, 13, 200}) {
                peer.send(PROBE, files);
                assertThat(peer.receive()).isEqualTo("no a message has at most 4096 bytes, and one file beside it");
            }
            peer.send(new byte[4097], 0);
            assertThat(peer.receive()).startsWith("no a message has at most 4096 bytes");
            peer.send(PROBE, 0);
            assertThat(peer.receive()).startsWith("ok");
        }
    }

    @Test
    void whoNeverListensHoldsUpNobodyElseAndNotTheEnd() throws IOException {
        try (RawPeer deaf = new RawPeer(socket, 1);
                HelperClient other = HelperClient.connect(socket)) {
            int sent = 0;
            while (deaf.send(PROBE, 0)) {
                assertThat(++sent).as("requests that nobody answers").isLessThan(100_000);
            }

            other.probe(WAIT);
            server.close();
        }
    }

    @Test
    void moreConnectionsThanAreAllowedAreClosedAndTheOthersLive() throws Exception {
        List<HelperClient> open = new ArrayList<>();
        try {
            while (open.size() < HelperServer.CONNECTIONS_MAX) {
                HelperClient client = HelperClient.connect(socket);
                open.add(client);
                client.probe(WAIT);
            }
            try (HelperClient tooMany = HelperClient.connect(socket)) {
                assertThatThrownBy(() -> tooMany.probe(WAIT))
                        .isInstanceOf(IOException.class)
                        .hasMessageStartingWith("the helper did not answer, and may have logged why: ");
            }
            open.getFirst().probe(WAIT);

            open.getLast().close();
            Await.until("there is room again", () -> {
                try (HelperClient client = HelperClient.connect(socket)) {
                    client.probe(WAIT);
                    return true;
                } catch (IOException e) {
                    return false;
                }
            });
        } finally {
            open.forEach(HelperClient::close);
        }
    }
}
