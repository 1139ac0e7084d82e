package ringpull.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** nginx on a host of its own, as a registry that counts what it sends: body bytes, aborted answers included. */
final class CountedOrigin implements AutoCloseable {
    private static final int PORT = 5000;
    private static final long START_NANOS_MAX = 10_000_000_000L;
    private static final long LOOK_MILLIS = 20;

    private final Path www;
    private final Path log;
    private final Lab.Host host;
    private final Process process;

    private CountedOrigin(Path www, Path log, Lab.Host host, Process process) {
        this.www = www;
        this.log = log;
        this.host = host;
        this.process = process;
    }

    /** What was sent of one blob. */
    record Sent(long bytes, int requests, int connectionsMost) {}

    static CountedOrigin start(Run run, Lab.Host host) throws IOException, InterruptedException {
        Path www = Files.createDirectories(run.file("origin"));
        Path log = run.file("origin-access.log");
        Path config = Files.writeString(run.file("origin.conf"), """
            user root; daemon off; master_process off; pid %1$s/origin.pid; error_log %1$s/origin.log;
            events {}
            http {
              log_format counted '$body_bytes_sent $connections_active $uri';
              access_log %1$s/origin-access.log counted; sendfile on; default_type application/octet-stream;
              keepalive_requests 100000;
              client_body_temp_path %1$s/o1; proxy_temp_path %1$s/o2; fastcgi_temp_path %1$s/o3;
              uwsgi_temp_path %1$s/o4; scgi_temp_path %1$s/o5;
              server { listen %2$d; root %3$s; }
            }
            """.formatted(run.directory(), PORT, www));
        List<String> command = new ArrayList<>(host.enter());
        command.addAll(List.of(
                "nginx", "-c", config.toString(), "-e", run.file("origin.log").toString()));
        CountedOrigin origin = new CountedOrigin(www, log, host, run.start(command.toArray(String[]::new)));
        long deadline = System.nanoTime() + START_NANOS_MAX;
        while (!origin.answers()) {
            if (!origin.process.isAlive() || System.nanoTime() > deadline) {
                origin.close();
                throw new IOException("nginx does not listen: " + Files.readString(run.log()));
            }
            Thread.sleep(LOOK_MILLIS);
        }
        return origin;
    }

    private boolean answers() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host.address(), PORT), (int) LOOK_MILLIS);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    Path www() {
        return www;
    }

    URI url() {
        return URI.create("http://" + host.address() + ":" + PORT);
    }

    /** What was sent of a blob so far, in answers that have ended. */
    Sent sent(String blob) throws IOException {
        long bytes = 0;
        int requests = 0;
        int connections = 0;
        for (String line : Files.readAllLines(log)) {
            String[] words = line.split(" ", 3);
            if (words.length == 3 && words[2].endsWith(blob)) {
                bytes += Long.parseLong(words[0]);
                requests++;
                connections = Math.max(connections, Integer.parseInt(words[1]));
            }
        }
        return new Sent(bytes, requests, connections);
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
