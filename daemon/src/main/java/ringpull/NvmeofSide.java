package ringpull;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.config.Config;
import ringpull.helper.Endpoint;
import ringpull.helper.HelperClient;
import ringpull.metrics.Meters;
import ringpull.tls.PeerTls;
import ringpull.transport.ChunkSource;
import ringpull.transport.Ways;
import ringpull.transport.nvmeof.BusyHolders;
import ringpull.transport.nvmeof.Exports;
import ringpull.transport.nvmeof.NvmeofTransport;
import ringpull.transport.session.Sessions;

/** Blobs as disks, from kernel to kernel, as far as this host can: the two sides are independent. */
final class NvmeofSide {
    private static final Logger log = LoggerFactory.getLogger(NvmeofSide.class);
    private static final Duration PROBE_WAIT = Duration.ofSeconds(10);

    private final Path helper;
    private final HelperClient.Abilities abilities;
    private final Optional<Exports> exports;
    private final List<String> problems;

    private NvmeofSide(
            Path helper, HelperClient.Abilities abilities, Optional<Exports> exports, List<String> problems) {
        this.helper = helper;
        this.abilities = abilities;
        this.exports = exports;
        this.problems = List.copyOf(problems);
        problems.forEach(log::warn);
    }

    /** Starts what can be started; the rest is said in the log, and is done without. */
    static NvmeofSide start(
            Config config,
            InetAddress address,
            ChunkSource source,
            Sessions sessions,
            Optional<PeerTls> tls,
            NvmeofLeases.Service leases,
            Meters meters,
            Closer parts) {
        Config.Nvmeof settings = config.nvmeof();
        Path helper = config.helper().socket();
        HelperClient.Abilities none = new HelperClient.Abilities("not asked", "not asked");
        if (!settings.enabled()) {
            return new NvmeofSide(helper, none, Optional.empty(), List.of());
        }
        HelperClient.Abilities abilities;
        try (HelperClient client = HelperClient.connect(helper)) {
            abilities = client.probe(PROBE_WAIT);
        } catch (IOException e) {
            String problem = "no NVMe over Fabrics: " + e.getMessage()
                    + ": start ringpull-helper.service, then restart this daemon";
            return new NvmeofSide(helper, none, Optional.empty(), List.of(problem));
        }
        List<String> problems = new ArrayList<>();
        if (!abilities.host()) {
            problems.add("blobs are not read over NVMe over Fabrics: " + abilities.hostProblem());
        }
        Optional<Exports> exports = Optional.empty();
        try {
            if (!abilities.target()) {
                throw new IOException(abilities.targetProblem());
            }
            Endpoint.Fabric fabric = Endpoint.Fabric.valueOf(settings.fabric().name());
            Path copies = config.node().state().resolve("exports");
            Exports started = parts.add(
                    "nvmeof exports",
                    Exports.start(
                            helper,
                            new Endpoint(fabric, address, settings.port()),
                            source,
                            sessions,
                            copies,
                            settings.memoryBytes()));
            tls.ifPresent(certificates -> certificates.onChange(started::clear));
            meters.gauge("ringpull.nvmeof.shown", started, Exports::count);
            leases.serve(started);
            exports = Optional.of(started);
        } catch (IOException | IllegalArgumentException e) {
            problems.add("blobs are not shown over NVMe over Fabrics: " + e.getMessage());
        }
        return new NvmeofSide(helper, abilities, exports, problems);
    }

    /** What was wanted and is not done, and why; as the log said at the start. */
    List<String> problems() {
        return problems;
    }

    /** What this node announces beside how its data port speaks. */
    List<String> transports() {
        return exports.isPresent() ? List.of(NvmeofLeases.NAME) : List.of();
    }

    /**
     * How to read better than by TCP, the best first: by RDMA, if this node has it, but from holders that are short of CPU as
     * from disks, since that takes none of their programs.
     */
    List<Ways.Way> ways(NvmeofLeases leases, Optional<Ways.Way> rdma) {
        if (!abilities.host()) {
            return rdma.stream().toList();
        }
        NvmeofTransport disks = new NvmeofTransport(helper, leases);
        Ways.Way otherwise = new Ways.Way(disks, disks::fits);
        if (rdma.isEmpty()) {
            return List.of(otherwise);
        }
        BusyHolders busy = new BusyHolders(leases, System::nanoTime);
        Ways.Way first =
                new Ways.Way(disks, (holder, blob, range) -> disks.fits(holder, blob, range) && busy.contains(holder));
        return List.of(first, rdma.get(), otherwise);
    }
}
