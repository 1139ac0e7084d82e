package ringpull;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.config.Config;
import ringpull.metrics.Meters;
import ringpull.os.HostAddress;
import ringpull.transport.ChunkSource;
import ringpull.transport.Ways;
import ringpull.transport.rdma.RdmaServer;
import ringpull.transport.rdma.RdmaTransport;
import ringpull.transport.session.HolderSessions;
import ringpull.transport.session.Sessions;

/** This node's RDMA, if it is wanted and can be had; where it cannot the log says why, and blobs go over TCP. */
final class RdmaSide implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RdmaSide.class);

    private final Config.Rdma config;
    private final List<InetAddress> rails;
    private final RdmaServer server;
    private final Meters meters;

    private RdmaSide(Config.Rdma config, List<InetAddress> rails, RdmaServer server, Meters meters) {
        this.config = config;
        this.rails = rails;
        this.server = server;
        this.meters = meters;
    }

    /** Serves RDMA from now on. */
    static Optional<RdmaSide> open(Config.Rdma config, ChunkSource source, Sessions sessions, Meters meters) {
        if (!config.wanted()) {
            return Optional.empty();
        }
        try {
            List<InetAddress> rails = new ArrayList<>();
            for (String address : config.addresses()) {
                rails.add(HostAddress.named("[peer] rdma", address));
            }
            RdmaServer server = RdmaServer.bind(
                    rails.stream()
                            .map(rail -> new InetSocketAddress(rail, config.port()))
                            .toList(),
                    source,
                    sessions,
                    RdmaServer.windows(config.memoryBytes()),
                    config.patience(),
                    config.spin(),
                    (rail, bytes) -> meters.served(RdmaTransport.NAME, rail.getHostAddress(), bytes));
            meters.gauge("ringpull.rdma.readers", server, RdmaServer::connections);
            meters.counter("ringpull.rdma.refusals", server, RdmaServer::refusals);
            return Optional.of(new RdmaSide(config, rails, server, meters));
        } catch (IOException e) {
            log.warn("blobs go over TCP alone: {} (\"ringpull doctor\" says more)", e.getMessage());
            return Optional.empty();
        }
    }

    /** Where it serves. */
    List<InetSocketAddress> places() {
        return server.addresses();
    }

    /** RDMA as a way to read; none if reading cannot be had. It is closed by whoever reads. */
    Optional<Ways.Way> way(HolderSessions sessions) {
        try {
            RdmaTransport rdma = new RdmaTransport(
                    rails,
                    RdmaTransport.landingSlots(config.memoryBytes()),
                    sessions,
                    config.patience(),
                    config.spin(),
                    (rail, bytes) -> meters.carried(RdmaTransport.NAME, rail.getHostAddress(), bytes));
            meters.gauge("ringpull.rdma.holders", rdma, RdmaTransport::connections);
            meters.gauge("ringpull.rdma.pinned.bytes", this, side -> side.server.pinnedBytes() + rdma.pinnedBytes());
            return Optional.of(new Ways.Way(rdma, (holder, blob, range) -> rdma.isReady(holder, range)));
        } catch (IOException e) {
            log.warn("blobs are not read over RDMA: {}", e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
