package ringpull.mirror;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A client that sees what is on the wire: headers as sent, and whether the end is FIN or RST. */
final class RawClient implements AutoCloseable {
    private final Socket socket = new Socket();
    private final InputStream in;

    /** @param headers names in lower case */
    record Head(int status, Map<String, String> headers) {
        String header(String name) {
            return headers.getOrDefault(name, "");
        }
    }

    /** How the stream ended, and the bytes before. */
    static final class Rest {
        private final byte[] bytes;
        private final boolean reset;

        private Rest(byte[] bytes, boolean reset) {
            this.bytes = bytes;
            this.reset = reset;
        }

        byte[] bytes() {
            return bytes;
        }

        boolean reset() {
            return reset;
        }
    }

    RawClient(InetSocketAddress server) throws IOException {
        this(server, 30_000, 0);
    }

    /**
     * @param patienceMillis longest wait for a byte; a longer silence is a SocketTimeoutException
     * @param receiveBuffer bytes, or 0 for the system's choice
     */
    RawClient(InetSocketAddress server, int patienceMillis, int receiveBuffer) throws IOException {
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.connect(server, 10_000);
        socket.setSoTimeout(patienceMillis);
        in = socket.getInputStream();
    }

    RawClient send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    RawClient send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    RawClient get(String path, String... headers) throws IOException {
        return request("GET", path, headers);
    }

    RawClient request(String method, String path, String... headers) throws IOException {
        StringBuilder request = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: mirror\r\n");
        for (String header : headers) {
            request.append(header).append("\r\n");
        }
        return send(request.append("\r\n").toString());
    }

    /** Sends FIN, and goes on reading. */
    RawClient endOutput() throws IOException {
        socket.shutdownOutput();
        return this;
    }

    Head readHead() throws IOException {
        String statusLine = readLine();
        Map<String, String> headers = new TreeMap<>();
        for (String line = readLine(); !line.isEmpty(); line = readLine()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        return new Head(Integer.parseInt(statusLine.substring(9, 12)), headers);
    }

    private String readLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("the stream ended in a header");
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.ISO_8859_1).strip();
    }

    byte[] read(int length) throws IOException {
        return in.readNBytes(length);
    }

    /** Reads until the server closes. */
    Rest readRest() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] step = new byte[1 << 16];
        try {
            for (int n = in.read(step); n >= 0; n = in.read(step)) {
                out.write(step, 0, n);
            }
            return new Rest(out.toByteArray(), false);
        } catch (SocketException e) {
            return new Rest(out.toByteArray(), true);
        }
    }

    void hangUp() throws IOException {
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
