package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.transport.TestBlobs;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;

/** A plain-text data port of a ring with certificates, as members, strangers and eavesdroppers with a plain socket see it. */
class PlainPortTest extends ChunkServerHarness {
    private static final ByteRange RANGE = new ByteRange(10, 10);
    private static final Digest OTHER = TestBlobs.digest(new byte[] {1});

    private final AtomicLong now = new AtomicLong(-1);
    private final Sessions sessions = new Sessions(now::get);
    private Session session;

    @BeforeEach
    void startPlain() throws IOException {
        startPlain(PATIENT);
        session = sessions.make("peer");
    }

    private void startPlain(ChunkServer.Limits limits) throws IOException {
        bound = ChunkServer.bindPlain(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                blobs,
                sessions,
                Config.Io.AUTO,
                servedBytes::addAndGet,
                limits);
    }

    @ParameterizedTest
    @EnumSource(Config.Io.class)
    void aMemberReadsAsLongAsItProvesEachRequest(Config.Io io) throws Exception {
        server().close();
        bound = ChunkServer.bindPlain(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), blobs, sessions, io, bytes -> {});
        Socket socket = connect();
        RequestMac mac = greet(socket);

        for (int i = 0; i < 100; i++) {
            ByteRange range = new ByteRange(i, 5_000);
            send(socket, get(digest, range, mac.next(digest, range)));
            assertThat(reply(socket).body()).isEqualTo(Arrays.copyOfRange(blob, i, i + 5_000));
        }
        send(socket, get(OTHER, RANGE, mac.next(OTHER, RANGE)));
        assertThat(reply(socket).head()).startsWith("HTTP/1.1 404 ");
        ByteRange beyond = new ByteRange(blob.length, 1);
        send(socket, get(digest, beyond, mac.next(digest, beyond)));
        assertThat(reply(socket).head()).startsWith("HTTP/1.1 416 ");
    }

    @Test
    void aStrangerLearnsNotEvenWhatIsHeld() throws Exception {
        List<String> answers = new ArrayList<>();
        for (String request : List.of(
                get(digest, RANGE, ""),
                get(OTHER, RANGE, ""),
                get(digest, new ByteRange(blob.length, 1), ""),
                get(digest, RANGE, "0".repeat(64)),
                "GET /v1/blobs/" + digest + " HTTP/1.1\r\nHost: h\r\n\r\n",
                "PUT /v1/blobs/" + digest + " HTTP/1.1\r\nHost: h\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
                hello(""),
                hello("0".repeat(32)),
                hello("x".repeat(2_000)))) {
            Socket socket = connect();
            send(socket, request);
            Reply reply = reply(socket);
            answers.add(reply.head() + new String(reply.body(), StandardCharsets.UTF_8));
            assertEnds(socket);
        }

        assertThat(answers.stream().distinct()).singleElement().asString().startsWith("HTTP/1.1 401 ");
        assertThat(blobs.opened()).isZero();
        assertThat(servedBytes).hasValue(0);
    }

    @Test
    void aReplayedRequestIsRefused() throws Exception {
        Socket socket = connect();
        RequestMac mac = greet(socket);
        String request = get(digest, RANGE, mac.next(digest, RANGE));
        send(socket, request);
        assertThat(reply(socket).body()).hasSize(10);

        send(socket, request);

        assertRefused(socket);
        Socket another = connect();
        greet(another);
        send(another, request);
        assertRefused(another);
    }

    @Test
    void aReorderedRequestIsRefused() throws Exception {
        Socket socket = connect();
        RequestMac mac = greet(socket);
        String first = get(digest, RANGE, mac.next(digest, RANGE));
        String second = get(digest, RANGE, mac.next(digest, RANGE));

        send(socket, second + first);

        assertRefused(socket);
    }

    @Test
    void aTamperedRequestIsRefused() throws Exception {
        for (String request : List.of("blob", "offset", "length", "proof", "scheme", "method")) {
            Socket socket = connect();
            String proof = greet(socket).next(digest, RANGE);
            send(
                    socket,
                    switch (request) {
                        case "blob" -> get(OTHER, RANGE, proof);
                        case "offset" -> get(digest, new ByteRange(11, 10), proof);
                        case "length" -> get(digest, new ByteRange(10, 11), proof);
                        case "proof" -> get(digest, RANGE, (proof.charAt(0) == '0' ? "1" : "0") + proof.substring(1));
                        case "scheme" -> get(digest, RANGE, proof).replace("Ringpull ", "Bearer ");
                        default -> get(digest, RANGE, proof).replace("GET", "HEAD");
                    });
            assertRefused(socket);
        }
        assertThat(blobs.opened()).isZero();
    }

    @Test
    void anothersSecretDoesNotServe() throws Exception {
        Socket socket = connect();
        byte[] nonce = nonce(socket, session);

        send(socket, get(digest, RANGE, new RequestMac(sessions.make("another").secret(), nonce).next(digest, RANGE)));

        assertRefused(socket);
    }

    @Test
    void aSecondGreetingIsRefused() throws Exception {
        Socket socket = connect();
        greet(socket);

        send(socket, hello(session.id()));

        assertRefused(socket);
    }

    @Test
    void whenItsTimeIsOverASessionOpensNothingAndKeepsNothingOpen() throws Exception {
        Socket before = connect();
        RequestMac mac = greet(before);
        now.addAndGet(Sessions.LIFETIME.toNanos() - 1);
        send(before, get(digest, RANGE, mac.next(digest, RANGE)));
        assertThat(reply(before).body()).hasSize(10);

        now.addAndGet(1);

        send(before, get(digest, RANGE, mac.next(digest, RANGE)));
        assertRefused(before);
        Socket after = connect();
        send(after, hello(session.id()));
        assertRefused(after);
    }

    @Test
    void aSessionThatMadeRoomForOthersIsOver() throws Exception {
        Socket socket = connect();
        RequestMac mac = greet(socket);
        for (int i = 0; i < Sessions.PER_PEER_MAX; i++) {
            sessions.make("peer");
        }

        send(socket, get(digest, RANGE, mac.next(digest, RANGE)));

        assertRefused(socket);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStrangerThatSaysNothingIsSoonCutOff(boolean greets) throws Exception {
        server().close();
        // Not so soon that a busy machine's greeting comes too late.
        startPlain(
                new ChunkServer.Limits(10, Duration.ofMinutes(10), Duration.ofSeconds(2), Duration.ofMinutes(10), 4));
        Socket socket = connect();
        if (greets) {
            greet(socket);
        }

        assertEnds(socket);
    }

    private RequestMac greet(Socket socket) throws IOException {
        return new RequestMac(session.secret(), nonce(socket, session));
    }

    private static byte[] nonce(Socket socket, Session of) throws IOException {
        send(socket, hello(of.id()));
        String head = reply(socket).head();
        assertThat(head).startsWith("HTTP/1.1 200 ");
        return HexFormat.of().parseHex(head.replaceAll("(?is).*ringpull-nonce: ([0-9a-f]{32})\r\n.*", "$1"));
    }

    private static String hello(String session) {
        return "GET /v1/hello HTTP/1.1\r\nHost: h\r\nRingpull-Session: " + session + "\r\n\r\n";
    }

    private static String get(Digest blob, ByteRange range, String proof) {
        return "GET /v1/blobs/" + blob + " HTTP/1.1\r\nHost: h\r\nRange: " + Wire.range(range)
                + "\r\nAuthorization: Ringpull " + proof + "\r\n\r\n";
    }

    private static void assertRefused(Socket socket) throws IOException {
        assertThat(reply(socket).head()).startsWith("HTTP/1.1 401 ").doesNotContainIgnoringCase("ringpull-nonce");
        assertEnds(socket);
    }
}
