package ringpull.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import ringpull.demo.NodeConfig;

/** nginx as origin and rival: serves {@link #www} over http and https, with sendfile. */
final class Nginx implements AutoCloseable {
    private static final long START_NANOS_MAX = 10_000_000_000L;
    private static final long LOOK_MILLIS = 10;

    private final Path www;
    private final int port;
    private final int tlsPort;
    private final Process process;

    private Nginx(Path www, int port, int tlsPort, Process process) {
        this.www = www;
        this.port = port;
        this.tlsPort = tlsPort;
        this.process = process;
    }

    /** Starts it on every address of this network namespace. */
    static Nginx start(Run run, NodeConfig.Certificates certificates) throws IOException, InterruptedException {
        Path www = Files.createDirectories(run.file("www"));
        int port = Run.freePort();
        int tlsPort = Run.freePort();
        Path config = Files.writeString(run.file("nginx.conf"), """
            user root; daemon off; master_process off; pid %1$s/nginx.pid; error_log %1$s/nginx.log;
            events {}
            http {
              access_log off; sendfile on; default_type application/octet-stream;
              client_body_temp_path %1$s/t1; proxy_temp_path %1$s/t2; fastcgi_temp_path %1$s/t3;
              uwsgi_temp_path %1$s/t4; scgi_temp_path %1$s/t5;
              ssl_certificate %4$s; ssl_certificate_key %5$s;
              server {
                listen %2$d; listen %3$d ssl; root %1$s/www;
                location ~ /manifests/ { default_type application/vnd.oci.image.manifest.v1+json; }
              }
            }
            """.formatted(
                        run.directory(), port, tlsPort, certificates.cert(), certificates.key()));
        Nginx nginx = new Nginx(
                www, port, tlsPort, run.start("nginx", "-c", config.toString(), "-e", run.file("nginx.log") + ""));
        try {
            nginx.awaitReady(run.log());
        } catch (IOException | InterruptedException e) {
            nginx.process.destroy();
            throw e;
        }
        return nginx;
    }

    private void awaitReady(Path log) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + START_NANOS_MAX;
        while (true) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), tlsPort)) {
                if (socket.isConnected()) {
                    return;
                }
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new IOException("nginx does not listen: " + Files.readString(log), e);
                }
            }
            Thread.sleep(LOOK_MILLIS);
        }
    }

    /** What it serves. */
    Path www() {
        return www;
    }

    /** Where it has a blob. */
    Path file(String blob) {
        return www.resolve(RandomBlob.PATH + blob);
    }

    /** Where it is on loopback. */
    URI url(boolean tls) {
        return tls ? URI.create("https://127.0.0.1:" + tlsPort) : url("127.0.0.1");
    }

    /** Where it is at another of this namespace's addresses, without TLS. */
    URI url(String address) {
        return URI.create("http://" + address + ":" + port);
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
