package ringpull.transport.nvmeof;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import ringpull.helper.Endpoint;
import ringpull.helper.HelperClient;
import ringpull.helper.Request;
import ringpull.os.Descriptor;

/** Connects through the helper: the kernel lets only root do it. */
record HelperTargets(Path helperSocket) implements Targets {
    private static final Duration CONNECT_WAIT = Duration.ofSeconds(5);
    private static final Duration OPEN_WAIT = Duration.ofSeconds(10);

    @Override
    public Target connect(Endpoint endpoint, Request.Session session, Request.Key key) throws IOException {
        if (endpoint.fabric() == Endpoint.Fabric.TCP) {
            probe(endpoint);
        }
        HelperClient helper = HelperClient.connect(helperSocket);
        try {
            helper.ask(new Request.Connect(endpoint, session, key), CONNECT_WAIT);
            return new Connected(helper);
        } catch (IOException | RuntimeException e) {
            helper.close();
            throw e;
        }
    }

    /** The kernel makes one connection at a time, for minutes if nobody answers: so look whether somebody does. */
    private static void probe(Endpoint endpoint) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(endpoint.address(), endpoint.port()), (int)
                    CONNECT_WAIT.dividedBy(2).toMillis());
        }
    }

    private record Connected(HelperClient helper) implements Target {
        @Override
        public Disk open(UUID namespace) throws IOException {
            Descriptor device = helper.ask(new Request.Open(namespace), OPEN_WAIT);
            return new Disk() {
                @Override
                public int read(ByteBuffer direct, long offset) throws IOException {
                    return device.read(direct, offset);
                }

                @Override
                public void close() {
                    device.close();
                }
            };
        }

        @Override
        public void close() {
            helper.close();
        }
    }
}
