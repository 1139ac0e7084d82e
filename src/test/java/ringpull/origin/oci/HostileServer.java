package ringpull.origin.oci;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import ringpull.tls.TestCertificates;

/** A server on raw sockets that sends whatever a test wants, and remembers what it was asked. One request a connection. */
final class HostileServer implements AutoCloseable {
    private final ServerSocket listener;
    private final Handler handler;
    private final String scheme;
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    private HostileServer(ServerSocket listener, String scheme, Handler handler) {
        this.listener = listener;
        this.scheme = scheme;
        this.handler = handler;
        Thread.ofVirtual().start(this::accept);
    }

    static HostileServer plain(Handler handler) throws IOException {
        return new HostileServer(new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1")), "http", handler);
    }

    static HostileServer tls(String address, TestCertificates.Issued issued, Handler handler) throws Exception {
        ServerSocket listener =
                context(issued).getServerSocketFactory().createServerSocket(0, 50, InetAddress.ofLiteral(address));
        return new HostileServer(listener, "https", handler);
    }

    private static SSLContext context(TestCertificates.Issued issued) throws IOException, GeneralSecurityException {
        String pem = Files.readString(issued.key()).replaceAll("-----[^-]*-----", "");
        PKCS8EncodedKeySpec key =
                new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem));
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = Files.newInputStream(issued.certificate())) {
            Certificate certificate = CertificateFactory.getInstance("X.509").generateCertificate(in);
            store.setKeyEntry(
                    "server", KeyFactory.getInstance("EC").generatePrivate(key), new char[0], new Certificate[] {
                        certificate
                    });
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(store, new char[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    int port() {
        return listener.getLocalPort();
    }

    URI url() {
        return url(listener.getInetAddress().getHostAddress());
    }

    /** By another name of its address. */
    URI url(String host) {
        return URI.create(scheme + "://" + host + ":" + port());
    }

    List<Request> requests() {
        return List.copyOf(requests);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                sockets.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                // closed, or a client that hung up during the handshake
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            Request request = read(in);
            if (request != null) {
                requests.add(request);
                handler.answer(request, socket.getOutputStream());
                socket.getOutputStream().flush();
            }
        } catch (IOException e) {
            // the client hung up: often what the test is about
        }
    }

    private static @Nullable Request read(InputStream in) throws IOException {
        String[] first = line(in).split(" ", -1);
        if (first.length != 3) {
            return null;
        }
        Map<String, String> headers = new HashMap<>();
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
        String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        return new Request(first[0], first[1], Map.copyOf(headers), body);
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
            line.write(b);
        }
        return line.toString(StandardCharsets.UTF_8).strip();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    /** Writes an answer; the connection ends when it returns. */
    interface Handler {
        void answer(Request request, OutputStream out) throws IOException;
    }

    /** @param headers names in lower case */
    record Request(String method, String target, Map<String, String> headers, String body) {
        Optional<String> header(String name) {
            return Optional.ofNullable(headers.get(name));
        }
    }

    /** An answer with a length and a body. */
    static void send(OutputStream out, int status, byte[] body, String... headers) throws IOException {
        head(out, status, headers);
        out.write(("Content-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
        out.write(body);
    }

    static void send(OutputStream out, int status, String... headers) throws IOException {
        send(out, status, new byte[0], headers);
    }

    /** A status line and headers; more headers and the empty line are still to come. */
    static void head(OutputStream out, int status, String... headers) throws IOException {
        StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Status\r\nConnection: close\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        out.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
    }
}
