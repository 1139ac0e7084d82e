package ringpull.origin.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ContentKind;
import ringpull.config.Config;
import ringpull.origin.OriginContract;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

class OciOriginTest extends HostileFixture {
    private static final String NAME = "registry.test";

    @ParameterizedTest
    @ValueSource(
            strings = {"ftp://a.test", "registry.test", "https:///v2", "https://user:pw@a.test", "https://a.test/?x=1"})
    void anEndpointThatIsNoPlainUrlIsToldAtStart(String url) {
        assertThatThrownBy(() -> new OciOrigin(List.of(registry(NAME, URI.create(url)))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(NAME)
                .hasMessageNotContaining("pw");
    }

    @Test
    void aRegistryThatIsThereTwiceIsToldAtStart() {
        assertThatThrownBy(() -> new OciOrigin(List.of(registry(NAME), registry("Registry.test"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("twice");
    }

    @Test
    void aCaThatIsNoneIsToldAtStartByName(@TempDir Path folder) throws Exception {
        Path empty = Files.writeString(folder.resolve("empty.pem"), "");
        Path nonsense = Files.writeString(folder.resolve("nonsense.pem"), "nonsense");
        for (Path ca : List.of(empty, nonsense, folder.resolve("missing.pem"))) {
            Config.Registry registry = new Config.Registry(
                    NAME, List.of(), Optional.empty(), Optional.empty(), Optional.of(ca), Optional.empty());
            assertThatThrownBy(() -> new OciOrigin(List.of(registry)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(ca.getFileName().toString());
        }
    }

    @Test
    void dockerIoMeansItsApiHost() throws Exception {
        names.put("registry-1.docker.io", "10.0.0.1");
        assertThatThrownBy(() -> origin().resolve(repository("docker.io"), "v1"))
                .isInstanceOf(OriginException.Forbidden.class)
                .hasMessageContaining("registry-1.docker.io");
    }

    @Test
    void oneConnectionServesOneRequestAfterTheOther() throws Exception {
        Set<Integer> ports = ConcurrentHashMap.newKeySet();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            ports.add(exchange.getRemoteAddress().getPort());
            boolean blob = exchange.getRequestURI().getPath().contains("/blobs/");
            exchange.sendResponseHeaders(blob ? 200 : 404, blob ? BYTES.length : 9);
            exchange.getResponseBody()
                    .write(blob ? BYTES : "not found".getBytes(java.nio.charset.StandardCharsets.UTF_8));
            exchange.close();
        });
        server.start();
        try {
            OciOrigin origin = origin(registry(
                    NAME, URI.create("http://127.0.0.1:" + server.getAddress().getPort())));
            for (int i = 0; i < 3; i++) {
                try (OriginStream stream = origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0)) {
                    assertThat(OriginContract.readAll(stream)).isEqualTo(BYTES);
                }
                assertThatThrownBy(() -> origin.open(repository(NAME), ContentKind.MANIFEST, DIGEST, 0))
                        .isInstanceOf(OriginException.NotFound.class);
            }
        } finally {
            server.stop(0);
        }
        assertThat(ports).hasSize(1);
    }
}
