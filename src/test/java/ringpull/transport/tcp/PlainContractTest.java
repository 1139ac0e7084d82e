package ringpull.transport.tcp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import ringpull.config.Config;
import ringpull.transport.ChunkSource;
import ringpull.transport.Transport;
import ringpull.transport.session.HolderSessions;
import ringpull.transport.session.Sessions;
import ringpull.transport.session.TestAdmission;

/** The contract over plain text for those with a session. */
class PlainContractTest extends TcpContract {
    private final Sessions sessions = new Sessions(System::nanoTime);

    @Override
    protected Config.Io io() {
        return Config.Io.AUTO;
    }

    @Override
    protected ChunkServer bind(ChunkSource source) throws IOException {
        return ChunkServer.bindPlain(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                source,
                sessions,
                io(),
                servedBytes::addAndGet);
    }

    @Override
    protected Transport transport() throws IOException {
        return new TcpTransport(
                Optional.empty(),
                io(),
                new HolderSessions(new TestAdmission(holder -> sessions.make("reader")), System::nanoTime),
                new TcpTransport.Times(Duration.ofSeconds(10), Duration.ofSeconds(20), Duration.ofSeconds(30)),
                ConnectionPool.PER_HOLDER_MAX,
                ConnectionPool.TOTAL_MAX);
    }
}
