package ringpull.transport.nvmeof;

import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import ringpull.helper.Endpoint;
import ringpull.helper.HelperClient;
import ringpull.helper.Request;

/** A program that connects, opens, and waits for its end. Arguments: the helper's socket, session, key and namespace. */
public final class KilledReader {
    private static final Duration WAIT = Duration.ofSeconds(60);

    private KilledReader() {}

    public static void main(String[] arguments) throws Exception {
        HelperClient helper = HelperClient.connect(Path.of(arguments[0]));
        Endpoint endpoint = new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("127.0.0.1"), 4420);
        helper.ask(
                new Request.Connect(endpoint, new Request.Session(arguments[1]), new Request.Key(arguments[2])), WAIT);
        var _ = helper.ask(new Request.Open(UUID.fromString(arguments[3])), WAIT);
        System.out.println("open");
        new CountDownLatch(1).await();
    }
}
