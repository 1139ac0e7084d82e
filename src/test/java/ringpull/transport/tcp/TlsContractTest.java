package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.OpenSsl;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.tls.PeerTls;
import ringpull.tls.TestCertificates;

class TlsContractTest extends TcpContract {
    @TempDir
    static Path certificates;

    static Config.Tls member;

    @BeforeAll
    static void makeCertificates() throws IOException {
        member = new TestCertificates(certificates, "ring").member("one");
    }

    @Override
    protected Config.Io io() {
        return Config.Io.AUTO;
    }

    @Override
    protected Optional<PeerTls> tls() throws IOException {
        return Optional.of(PeerTls.of(member));
    }

    @Test
    void takesTheFastLibraryWhereThereIsOne() throws IOException {
        assertThat(OpenSsl.isAvailable()).isTrue();
        SSLEngine engine = PeerTls.of(member).dataServer().newEngine(UnpooledByteBufAllocator.DEFAULT);
        assertThat(engine.getClass().getSimpleName()).startsWith("OpenSsl");
        ReferenceCountUtil.release(engine);
    }
}
