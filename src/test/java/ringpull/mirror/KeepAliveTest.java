package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.Chunk;

/** Clients that would not wait for the proof get small pieces from the origin meanwhile. A minute is 100 ms here. */
class KeepAliveTest {
    private static final Duration MINUTE = Duration.ofMillis(100);
    private static final Duration TWO_MINUTES = Duration.ofMillis(200);

    /** What the client bears; 300 times what it is kept alive for, since machines stall. */
    private static final int NO_PROGRESS_MILLIS = 30_000;

    private static final int PIECE = 64 << 10;

    private final Content layer = Content.random(1, 3_000_000);
    private final String path = "/v2/team/image/blobs/" + layer.digest() + "?ns=reg.test";
    private final List<Long> asked = new CopyOnWriteArrayList<>();

    @TempDir
    Path directory;

    private ScriptedFetch arriving(TestMirror mirror) throws IOException {
        ScriptedFetch fetch = new ScriptedFetch(directory, layer).sizeKnown("a/layer");
        mirror.blobs.arriving(fetch);
        return fetch;
    }

    private Optional<ByteBuffer> piece(Content from, long offset) {
        asked.add(offset);
        long end = Math.min(offset + PIECE, Chunk.lastOffset(from.bytes().length));
        return end <= offset ? Optional.empty() : Optional.of(ByteBuffer.wrap(from.slice((int) offset, (int) end)));
    }

    @Test
    void row15ABlobOfTenMinutesKeepsAClientWithANoProgressLimitAlive() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, MINUTE, TWO_MINUTES)) {
            ScriptedFetch fetch = arriving(mirror);
            mirror.blobs.keepAliveFrom(offset -> piece(layer, offset));
            try (RawClient client = new RawClient(mirror.address(), NO_PROGRESS_MILLIS, 0)) {
                client.get(path);
                assertThat(client.readHead().status()).isEqualTo(200);
                for (int piece = 0; piece < 5; piece++) { // nothing is proven for five times two minutes
                    assertThat(client.read(PIECE)).isEqualTo(layer.slice(piece * PIECE, (piece + 1) * PIECE));
                }
                assertThat(fetch.handedOff()).isFalse();
                fetch.prove();
                int rest = 3_000_000 - 5 * PIECE;
                assertThat(client.read(rest)).isEqualTo(layer.slice(5 * PIECE, 3_000_000));
            }
            assertThat(asked).startsWith(0L, (long) PIECE, 2L * PIECE, 3L * PIECE, 4L * PIECE);
            assertThat(mirror.blobs.wrong()).isEmpty();
        }
    }

    @Test
    void aClientThatReadsARangeGetsHeadersAndAPieceBeforeHeadersAreDue() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, TestMirror.LONG, MINUTE);
                RawClient client = mirror.connect()) {
            arriving(mirror);
            mirror.blobs.keepAliveFrom(offset -> piece(layer, offset));
            client.get(path, "Range: bytes=1000-1099");

            RawClient.Head head = client.readHead();

            assertThat(head.status()).isEqualTo(206);
            assertThat(head.header("content-range")).isEqualTo("bytes 1000-1099/3000000");
            assertThat(client.read(100)).isEqualTo(layer.slice(1000, 1100));
        }
    }

    @Test
    void noPieceLeavesTheStatusOpenUntilHeadersAreDue() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, TestMirror.LONG, MINUTE);
                RawClient client = mirror.connect()) {
            ScriptedFetch fetch = arriving(mirror);
            mirror.blobs.keepAliveFrom(offset -> {
                asked.add(offset);
                return Optional.empty();
            });
            client.get(path);
            Await.until("the origin was asked", () -> !asked.isEmpty());
            fetch.fail("unproven", "the bytes were not the blob");

            assertThat(client.readHead().status()).isEqualTo(404);
        }
    }

    @Test
    void anOriginThatHangsIsFinAndTheClientGoesOnUpstream() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        try (TestMirror mirror = new TestMirror(directory, MINUTE, TWO_MINUTES)) {
            arriving(mirror);
            mirror.blobs.keepAliveFrom(offset -> {
                try {
                    never.await();
                } finally {
                    interrupted.countDown();
                }
                return Optional.empty();
            });
            ResumingClient client = new ResumingClient(mirror.address(), path, layer, NO_PROGRESS_MILLIS);

            assertThat(client.pull()).isEqualTo(layer.bytes());

            assertThat(client.statuses()).containsExactly(200, 404);
            interrupted.await();
        }
    }

    /** All but the last chunk may come so. */
    @Test
    void theLastChunkIsNotAmongThePieces() throws Exception {
        try (TestMirror mirror = new TestMirror(directory, MINUTE, TWO_MINUTES);
                RawClient client = new RawClient(mirror.address(), NO_PROGRESS_MILLIS, 0)) {
            arriving(mirror);
            mirror.blobs.keepAliveFrom(offset -> piece(layer, offset));
            int last = (int) Chunk.lastOffset(3_000_000);
            client.get(path, "Range: bytes=" + (last - PIECE) + "-");
            assertThat(client.readHead().status()).isEqualTo(206);

            RawClient.Rest rest = client.readRest();

            assertThat(rest.reset()).isFalse();
            assertThat(rest.bytes()).isEqualTo(layer.slice(last - PIECE, last));
        }
    }

    @Test
    void anOriginThatSaidSomethingElseThanTheProofIsFoundBeforeTheLastChunkLeaves() throws Exception {
        Content other = Content.random(2, 3_000_000);
        try (TestMirror mirror = new TestMirror(directory, MINUTE, TWO_MINUTES);
                RawClient client = new RawClient(mirror.address(), NO_PROGRESS_MILLIS, 0)) {
            ScriptedFetch fetch = arriving(mirror);
            mirror.blobs.keepAliveFrom(offset -> piece(other, offset));
            client.get(path);
            assertThat(client.readHead().status()).isEqualTo(200);
            assertThat(client.read(PIECE)).isEqualTo(other.slice(0, PIECE));
            fetch.release(2 << 20);
            client.read(10);
            fetch.prove();

            byte[] rest = client.readRest().bytes();

            assertThat(PIECE + 10 + rest.length).isLessThanOrEqualTo((int) Chunk.lastOffset(3_000_000));
            Await.until("it is told", () -> mirror.blobs.wrong().size() == 1);
        }
    }

    @Test
    void whoWaitsHowLong() throws Exception {
        Duration engines = Duration.ofSeconds(60);
        Duration lazy = Duration.ofSeconds(4);
        record Case(String range, String userAgent, Duration patience) {}
        List<Case> cases = Arrays.asList(
                new Case("", "containerd/1.6.20", engines),
                new Case("bytes=8388608-", "containerd/2.1.4", engines),
                new Case("", "skopeo/1.9.3", engines),
                new Case("", "", engines),
                new Case("bytes=0-1", "containerd-stargz-grpc", lazy),
                new Case("bytes=-51", "", lazy),
                new Case("", "unknown/None; hf_hub/1.28.0; python/3.12", lazy));
        for (Case wanted : cases) {
            RequestedRange range = RequestedRange.parse(wanted.range.isEmpty() ? null : wanted.range);
            assertThat(Wanted.patience(range, wanted.userAgent, engines))
                    .as(wanted.toString())
                    .isEqualTo(wanted.patience);
            assertThat(Wanted.patience(range, wanted.userAgent, MINUTE)).isEqualTo(MINUTE);
        }
    }
}
