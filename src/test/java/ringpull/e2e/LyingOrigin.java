package ringpull.e2e;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.tls.Pem;
import ringpull.tls.TestCertificates;

/**
 * A registry of blobs with two doors: behind the one are right bytes, behind the other one bit of every chunk is wrong. A
 * daemon that reads at the other signs, in good faith, what is false: to everybody else it is a liar. The first door opens
 * wide only when somebody has read at the second.
 */
final class LyingOrigin implements AutoCloseable {
    private static final int WAIT_SECONDS = 60;
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");

    private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
    private final CountDownLatch lied = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpServer honest;
    private final HttpServer lying;
    private final String scheme;

    /** @param certificates by which it proves who it is; empty: plain HTTP */
    LyingOrigin(Optional<TestCertificates.Issued> certificates) throws IOException {
        scheme = certificates.isEmpty() ? "http" : "https";
        honest = server(certificates, false);
        lying = server(certificates, true);
    }

    private HttpServer server(Optional<TestCertificates.Issued> certificates, boolean lies) throws IOException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        HttpServer server;
        if (certificates.isEmpty()) {
            server = HttpServer.create(address, 0);
        } else {
            HttpsServer https = HttpsServer.create(address, 0);
            https.setHttpsConfigurator(new HttpsConfigurator(context(certificates.get())));
            server = https;
        }
        server.setExecutor(threads);
        server.createContext("/v2/", exchange -> answer(exchange, lies));
        server.start();
        return server;
    }

    private static SSLContext context(TestCertificates.Issued issued) throws IOException {
        try {
            List<X509Certificate> chain = Pem.certificates(issued.certificate());
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(null, null);
            keys.setKeyEntry(
                    "key",
                    Pem.privateKey(issued.key(), chain.getFirst().getPublicKey()),
                    new char[0],
                    chain.toArray(Certificate[]::new));
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(keys, new char[0]);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    URI honest() {
        return url(honest);
    }

    URI lying() {
        return url(lying);
    }

    private URI url(HttpServer server) {
        return URI.create(scheme + "://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Adds a blob of these many bytes; its digest. */
    Digest blob(long seed, int bytes) {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        Digest digest = digest(content);
        blobs.put(digest.toString(), content);
        return digest;
    }

    byte[] content(Digest digest) {
        return blobs.getOrDefault(digest.toString(), new byte[0]);
    }

    private void answer(HttpExchange exchange, boolean lies) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            byte[] blob = blobs.get(path.substring(path.lastIndexOf('/') + 1));
            if (blob == null) {
                exchange.sendResponseHeaders(path.equals("/v2/") ? 200 : 404, -1);
                return;
            }
            int from = 0;
            int to = blob.length - 1;
            String range = exchange.getRequestHeaders().getFirst("Range");
            if (range != null) {
                Matcher asked = RANGE.matcher(range);
                if (asked.matches()) {
                    from = Integer.parseInt(asked.group(1));
                    to = asked.group(2).isEmpty() ? to : Math.min(to, Integer.parseInt(asked.group(2)));
                    exchange.getResponseHeaders().set("Content-Range", "bytes " + from + "-" + to + "/" + blob.length);
                }
            }
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
            exchange.sendResponseHeaders(range == null ? 200 : 206, head ? -1 : to - from + 1L);
            if (!head) {
                byte[] body = Arrays.copyOfRange(blob, from, to + 1);
                for (int i = 0; lies && i < body.length; i++) {
                    if ((from + i) % Chunk.SIZE_BYTES == 17) {
                        body[i] ^= 1;
                    }
                }
                int begin = Math.min(body.length, Chunk.SIZE_BYTES);
                exchange.getResponseBody().write(body, 0, begin);
                if (lies) {
                    lied.countDown();
                } else if (begin < body.length) {
                    awaitLie();
                }
                exchange.getResponseBody().write(body, begin, body.length - begin);
            }
        }
    }

    /** Otherwise the others might have it all before the liar has said anything. */
    private void awaitLie() throws IOException {
        try {
            if (!lied.await(WAIT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("nobody came to the other door");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private static Digest digest(byte[] bytes) {
        try {
            return Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        honest.stop(0);
        lying.stop(0);
        threads.shutdownNow();
    }
}
