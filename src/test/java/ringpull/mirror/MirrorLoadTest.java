package ringpull.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many clients, slow clients, and clients that speak no HTTP. */
class MirrorLoadTest {
    private final Content layer = Content.random(1, 2_000_000);
    private final String path = "/v2/team/image/blobs/" + layer.digest();

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void twoHundredClientsAtOnce(boolean epoll) throws Exception {
        int clients = 200;
        try (TestMirror mirror = new TestMirror(directory, TestMirror.LONG, TestMirror.LONG, epoll);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            mirror.blobs.complete(directory, layer, "a/layer");
            List<Future<byte[]>> bodies = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                int from = i * 1000;
                bodies.add(threads.submit(() -> {
                    try (RawClient client = mirror.connect()) {
                        client.get(path, "Range: bytes=" + from + "-");
                        assertThat(client.readHead().status()).isEqualTo(206);
                        return client.read(layer.bytes().length - from);
                    }
                }));
            }
            for (int i = 0; i < clients; i++) {
                assertThat(bodies.get(i).get()).isEqualTo(layer.slice(i * 1000, layer.bytes().length));
            }
            Await.until("all are counted", () -> mirror.answers(206, "ok") == clients);
            Await.until("all files are closed", mirror.blobs::allFilesClosed);
        }
    }

    @Test
    void slowClientsHoldFilesNotBuffers() throws Exception {
        Content large = Content.random(2, 64 << 20);
        List<RawClient> slow = new ArrayList<>();
        try (TestMirror mirror = new TestMirror(directory)) {
            mirror.blobs.complete(directory, large, "a/layer");
            ScriptedFetch fetch =
                    new ScriptedFetch(directory, layer).sizeKnown("a/layer").release(1_900_000);
            mirror.blobs.arriving(fetch);
            long before = directBytes();
            for (int i = 0; i < 50; i++) {
                slow.add(new RawClient(mirror.address(), 30_000, 16 << 10)
                        .get("/v2/team/image/blobs/" + (i % 5 == 0 ? layer : large).digest()));
            }
            for (RawClient client : slow) {
                assertThat(client.readHead().status()).isEqualTo(200);
            }

            assertThat(directBytes() - before).as("of 50 answers in progress").isLessThan(16L << 20);

            assertThat(slow.get(1).read(large.bytes().length)).isEqualTo(large.bytes());
            fetch.prove();
            assertThat(slow.get(0).read(layer.bytes().length)).isEqualTo(layer.bytes());
        } finally {
            for (RawClient client : slow) {
                client.close();
            }
        }
    }

    private static long directBytes() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void garbageIsAnsweredOrClosedAndNothingElseHappens(boolean epoll) throws Exception {
        Random random = new Random(42);
        try (TestMirror mirror = new TestMirror(directory, TestMirror.LONG, TestMirror.LONG, epoll);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            mirror.blobs.complete(directory, layer, "a/layer");
            List<Future<?>> attempts = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                byte[] garbage = garbage(random);
                attempts.add(threads.submit(() -> {
                    try (RawClient client = mirror.connect()) {
                        client.send(garbage).endOutput();
                        client.readRest();
                    } catch (IOException e) {
                        // the server may close while we still send
                    }
                    return null;
                }));
            }
            for (Future<?> attempt : attempts) {
                attempt.get();
            }

            assertThat(mirror.get(path).body()).isEqualTo(layer.bytes());
            assertThat(mirror.answers(404, "defect")).isZero();
            Await.until("all files are closed", mirror.blobs::allFilesClosed);
        }
    }

    /** A good request with bytes changed, cut out or put in; or pure noise. */
    private byte[] garbage(Random random) {
        if (random.nextInt(8) == 0) {
            byte[] noise = new byte[random.nextInt(40_000)];
            random.nextBytes(noise);
            return noise;
        }
        String[] methods = {"GET", "HEAD", "PUT", "get", "", "POST"};
        StringBuilder text = new StringBuilder();
        for (int n = random.nextInt(4); n >= 0; n--) {
            text.append(methods[random.nextInt(methods.length)])
                    .append(' ')
                    .append(random.nextBoolean() ? path : "/v2/%2e%2e/manifests/" + "a/".repeat(random.nextInt(99)))
                    .append("?ns=")
                    .append(random.nextInt())
                    .append(" HTTP/1.")
                    .append(random.nextInt(3))
                    .append("\r\nHost: m\r\nRange: bytes=")
                    .append(random.nextLong())
                    .append("-\r\nContent-Length: ")
                    .append(random.nextInt(3) == 0 ? random.nextInt() : 0)
                    .append(random.nextInt(5) == 0 ? "\r\nTransfer-Encoding: chunked" : "")
                    .append("\r\n\r\n");
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
        for (int n = random.nextInt(6); n > 0; n--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        return bytes;
    }
}
