package ringpull.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

/** The page {@code /metrics} in Prometheus' text format, and the registry behind it. */
public final class MetricsPage implements AutoCloseable {
    private static final int BACKLOG = 16;

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Meters meters = new Meters(registry);
    private final HttpServer server;

    private MetricsPage(HttpServer server) {
        this.server = server;
    }

    /** @throws java.net.BindException if the port is taken */
    public static MetricsPage bind(InetSocketAddress address) throws IOException {
        MetricsPage page = new MetricsPage(HttpServer.create(address, BACKLOG));
        page.server.setExecutor(Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("metrics-", 0).factory()));
        page.server.createContext("/metrics", page::answer);
        page.server.start();
        return page;
    }

    public Meters meters() {
        return meters;
    }

    public InetSocketAddress address() {
        return server.getAddress();
    }

    private void answer(HttpExchange exchange) throws IOException {
        byte[] body = registry.scrape().getBytes(StandardCharsets.UTF_8);
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        registry.close();
    }
}
