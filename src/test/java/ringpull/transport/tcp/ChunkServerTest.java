package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ByteRange;
import ringpull.config.Config;
import ringpull.transport.Await;
import ringpull.transport.TestBlobs;

/** The data port as a stranger with a plain socket sees it: what it answers, and what it refuses. */
class ChunkServerTest extends ChunkServerHarness {
    @Test
    void answersARangeWithExactlyItsBytes() throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();

        send(socket, get("Range: bytes=10-19"));

        Reply reply = reply(socket);
        assertThat(reply.head()).startsWith("HTTP/1.1 206 ").containsIgnoringCase("content-range: bytes 10-19/100000");
        assertThat(reply.body()).isEqualTo(Arrays.copyOfRange(blob, 10, 20));
        Await.until("counted", () -> servedBytes.get() == 10);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void pipelinedRequestsAreAnsweredInOrder(Config.Io io) throws Exception {
        start(io, PATIENT);
        Socket socket = connect();
        StringBuilder requests = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            requests.append(get("Range: bytes=" + i + "-" + (i + 9_999)));
        }

        send(socket, requests.toString());

        for (int i = 0; i < 100; i++) {
            assertThat(reply(socket).body()).isEqualTo(Arrays.copyOfRange(blob, i, i + 10_000));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Range: bytes=5-4",
                "Range: bytes=-5",
                "Range: bytes=5-",
                "Range: bytes=0-1,3-4",
                "Range: bytes=0-99999999999999",
                "Range: bytes=0-18446744073709551616",
                "Range: bytes=+1-2",
                "Range: lines=1-2",
                "Range: bytes=1-2\r\nRange: bytes=1-2",
                "X: y"
            })
    void anythingButOneRangeIsABadRequest(String header) throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();

        send(socket, get(header) + get("Range: bytes=0-0"));

        assertThat(reply(socket).head()).startsWith("HTTP/1.1 400 ");
        assertThat(reply(socket).head()).as("the next request").startsWith("HTTP/1.1 206 ");
    }

    @ParameterizedTest
    @CsvSource({"100000,100000", "99999,100000", "0,9999999999999"})
    void aRangeOutsideTheBlobCannotBeSatisfied(long first, long last) throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();

        send(socket, get("Range: bytes=" + first + "-" + last));

        assertThat(reply(socket).head()).startsWith("HTTP/1.1 416 ");
    }

    @ParameterizedTest
    @CsvSource({
        "GET /v1/blobs/sha256:00,400",
        "GET /v2/blobs/sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,400",
        "GET /v1/blobs/../../etc/passwd,400",
        "GET /v1/blobs/sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,404",
        "PUT /v1/blobs/sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,405"
    })
    void otherPathsAndMethodsAreRefused(String line, int status) throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();

        send(socket, line + " HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\n\r\n");

        assertThat(reply(socket).head()).startsWith("HTTP/1.1 " + status + " ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"})
    void aBodyIsRefusedAndTheConnectionEnds(String rest) throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();

        send(socket, get("Range: bytes=0-1").replaceFirst("\r\n\r\n", "\r\n") + rest);

        assertThat(reply(socket).head()).startsWith("HTTP/1.1 400 ");
        assertEnds(socket);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void oversizeHeadersAndNoHttpAreRefused(int kind) throws Exception {
        start(Config.Io.AUTO, PATIENT);
        Socket socket = connect();
        String request = switch (kind) {
            case 0 -> get("X: " + "a".repeat(3_000) + "\r\nY: " + "a".repeat(3_000));
            case 1 -> "GET /" + "a".repeat(5_000) + " HTTP/1.1\r\n\r\n";
            default -> "\0\0\0\0\r\n\r\n";
        };

        send(socket, request);

        assertThat(reply(socket).head()).startsWith("HTTP/1.1 400 ");
        assertEnds(socket);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aPortThatIsTakenCannotBeBound(Config.Io io) throws Exception {
        ChunkServer server = start(io, PATIENT);

        assertThatThrownBy(() -> ChunkServer.bind(server.address(), blobs, Optional.empty(), io, bytes -> {}))
                .isInstanceOf(BindException.class)
                .hasMessageContaining(":" + server.address().getPort());
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void servesAndReadsOverIPv6(Config.Io io) throws Exception {
        bound = ChunkServer.bind(
                new InetSocketAddress(InetAddress.ofLiteral("::1"), 0),
                blobs,
                Optional.empty(),
                io,
                servedBytes::addAndGet);
        TestBlobs.Landed landed = new TestBlobs.Landed(0, blob.length);
        try (TcpTransport transport = new TcpTransport(Optional.empty(), io)) {
            transport.read(server().address(), digest, new ByteRange(0, blob.length), landed);
        }
        assertThat(landed.bytes()).isEqualTo(blob);
        Await.until("counted", () -> servedBytes.get() == blob.length);
    }
}
