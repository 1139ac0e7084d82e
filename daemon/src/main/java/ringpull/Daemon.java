package ringpull;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blame.Reputation;
import ringpull.blame.Statements;
import ringpull.blame.wire.ChunkCaller;
import ringpull.blame.wire.ChunkService;
import ringpull.cli.CommandLineApp;
import ringpull.config.Config;
import ringpull.control.ControlServer;
import ringpull.control.DaemonStatus;
import ringpull.fetch.Fetcher;
import ringpull.fetch.Images;
import ringpull.fetch.Journal;
import ringpull.fetch.LocalAnswers;
import ringpull.fetch.OriginTags;
import ringpull.fetch.PacedOrigin;
import ringpull.fetch.SharedTags;
import ringpull.fetch.Sources;
import ringpull.fetch.SwarmPulls;
import ringpull.hash.Sha256;
import ringpull.metrics.Meters;
import ringpull.metrics.MetricsPage;
import ringpull.mirror.MirrorServer;
import ringpull.origin.Origin;
import ringpull.origin.oci.OciOrigin;
import ringpull.os.CpuPressure;
import ringpull.os.HostAddress;
import ringpull.os.NativeLibraries;
import ringpull.os.Systemd;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.MemberState;
import ringpull.ring.wire.ControlPort;
import ringpull.ring.wire.LadderService;
import ringpull.ring.wire.LadderWords;
import ringpull.ring.wire.RingNode;
import ringpull.scrub.Scrubber;
import ringpull.scrub.Verifier;
import ringpull.store.rocksdb.RocksBlobStore;
import ringpull.swarm.wire.SwarmNode;
import ringpull.swarm.wire.SwarmService;
import ringpull.tls.CertificateWatch;
import ringpull.tls.PeerTls;
import ringpull.transport.ChunkSource;
import ringpull.transport.Pace;
import ringpull.transport.Transport;
import ringpull.transport.Ways;
import ringpull.transport.rdma.RdmaTransport;
import ringpull.transport.session.HolderSessions;
import ringpull.transport.session.Sessions;
import ringpull.transport.tcp.ChunkServer;
import ringpull.transport.tcp.TcpTransport;

/**
 * One node's daemon: the wiring, read top to bottom. Each port is bound when what is behind it can answer, the mirror's
 * last: until then it refuses, and containerd goes on at once.
 */
final class Daemon implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Daemon.class);

    private final Config config;
    private final Closer parts;
    private final Systemd systemd = new Systemd(System.getenv());
    private final Optional<PeerTls> tls;
    private final MetricsPage metrics;
    private final ChunkServer data;
    private final ControlPort control;
    private final RingNode ring;
    private final MirrorServer mirror;
    private final Recalls recalls;
    private final NvmeofSide nvmeof;
    private final Instant readySince;

    /**
     * Starts a daemon; it is ready when this returns.
     *
     * @throws IOException with a sentence that says what to change, if it cannot start; nothing is left running
     */
    static Daemon start(Config config) throws IOException {
        Closer parts = new Closer();
        try {
            return new Daemon(config, parts);
        } catch (IOException | RuntimeException e) {
            parts.close();
            throw e;
        }
    }

    private Daemon(Config config, Closer parts) throws IOException {
        this.config = config;
        this.parts = parts;
        InstantSource clock = InstantSource.system();

        NativeLibraries.unpackTo(Files.createDirectories(config.node().state()));
        HostAddress host = HostAddress.choose(config.peer(), config.ring());
        host.warning().ifPresent(log::warn);
        tls = peerTls();

        RocksBlobStore store =
                parts.add("store", RocksBlobStore.open(config.node().state(), config.store(), clock));
        Identity identity = Identity.load(config.node().state(), clock, tls.map(PeerTls::identity));

        metrics = parts.add(
                "metrics page",
                Ports.bind(
                        "[metrics] port",
                        config.metrics().address(),
                        config.metrics().port(),
                        MetricsPage::bind));
        Meters meters = metrics.meters();
        Journal journal = new Journal(clock);

        Reputation reputation = Reputation.in(config.node().state(), clock);
        SwarmPulls swarmPulls = new SwarmPulls(store);
        SwarmService swarmService = new SwarmService(config.ring().cluster());
        NvmeofLeases.Service nvmeofService = new NvmeofLeases.Service(new CpuPressure());
        Sessions sessions = new Sessions(System::nanoTime);
        Pace upload = new Pace(config.limits().upload(), System::nanoTime);
        data = parts.add(
                "data port",
                Ports.bind(
                        "[peer] data_port",
                        host.address(),
                        config.peer().dataPort(),
                        address -> dataPort(address, swarmPulls, tls, sessions, upload, meters)));
        control = parts.add(
                "control port",
                Ports.bind(
                        "[peer] control_port",
                        host.address(),
                        config.peer().controlPort(),
                        address -> ControlPort.bind(
                                address,
                                tls,
                                swarmService,
                                new LadderService(
                                        store::ladderPage,
                                        new LadderWords(
                                                config.ring().cluster(),
                                                identity.id(),
                                                identity.epoch(),
                                                tls.map(PeerTls::keys))),
                                nvmeofService,
                                new ChunkService((digest, chunk) -> SecondReadings.chunk(swarmPulls, digest, chunk)))));
        Optional<RdmaSide> rdma = RdmaSide.open(config.peer().rdma(), swarmPulls, sessions, meters);
        rdma.ifPresent(side -> parts.add("RDMA", side));
        if (Admissions.wanted(config.peer())) {
            List<InetSocketAddress> places = rdma.map(RdmaSide::places).orElse(List.of());
            control.admit(member -> Admissions.make(sessions, member, places));
            tls.ifPresent(certificates -> certificates.onChange(sessions::clear));
        }
        nvmeof = NvmeofSide.start(
                config, data.address().getAddress(), store::open, sessions, tls, nvmeofService, meters, parts);
        Member self = self(identity, rdma.isPresent(), nvmeof);
        ring = parts.add("ring", RingNode.start(control, self, config.ring(), Announcer.inventory(store)));
        store.listen(new Announcer(ring));
        SwarmNode swarm = parts.add("swarm", SwarmNode.start(ring, config.ring().cluster(), swarmPulls::perform));
        Statements statements = statements(swarm);
        swarmService.serve(swarm, new Hearing(statements, reputation));
        swarmPulls.serve(new SwarmSide(swarm, statements));
        reputation.onQuarantine(swarm::shun);

        Admissions admissions = new Admissions(ring);
        HolderSessions holderSessions = new HolderSessions(admissions, System::nanoTime);
        Transport transport = parts.add(
                "transport",
                new Ways(
                        nvmeof.ways(new NvmeofLeases(ring, admissions), rdma.flatMap(side -> side.way(holderSessions))),
                        new TcpTransport(tls, config.peer().io(), holderSessions),
                        (name, bytes) -> {
                            if (!name.equals(RdmaTransport.NAME)) { // which counts by rail
                                meters.carried(name, "", bytes);
                            }
                        },
                        meters::fellBack));
        Origin origin = parts.add(
                "origin",
                new PacedOrigin(
                        new OciOrigin(config.registries()),
                        new Pace(config.limits().origin(), System::nanoTime)));
        Fetcher fetcher = parts.add(
                "fetcher",
                new Fetcher(
                        store,
                        new Sources(
                                ring,
                                ring.ladders(),
                                transport,
                                new Pace(config.limits().download(), System::nanoTime),
                                origin),
                        swarmPulls,
                        reputation,
                        new SecondReadings(new ChunkCaller(ring), tls.isPresent()),
                        config.handoff().mode() != Config.HandoffMode.VERIFIED,
                        journal,
                        meters,
                        System::nanoTime));
        recalls = parts.add("recalls", Recalls.of(store, config.helper(), journal, clock));
        fetcher.onWrongBytes(recalls::left);
        OriginTags originTags = parts.add(
                "tags", new OriginTags(origin, store.tags(), config.mirror().tagStaleMax(), clock));
        SharedTags tags = new SharedTags(originTags, swarmPulls, tls.isPresent(), System::nanoTime);
        swarmService.answer(new LocalAnswers(tags, fetcher, store, meters, upload, System::nanoTime));
        Images images = new Images(tags, fetcher, journal, System::nanoTime);
        Verifier verifier = parts.add("verifier", new Verifier(store, fetcher, journal, meters));
        if (config.store().scrub().isPositive()) {
            parts.add(
                    "scrubber",
                    Scrubber.start(
                            store,
                            verifier,
                            config.node().state().resolve("scrubbed"),
                            config.store().scrub()));
        }

        meters.gauge("ringpull.members.live", ring, Daemon::liveMembers);
        meters.gauge("ringpull.members.eligible", ring, Daemon::eligibleMembers);
        meters.gauge("ringpull.members.quarantined", reputation, Reputation::quarantined);
        meters.counter("ringpull.handoff.recalled", recalls, Recalls::recalled);
        meters.counter("ringpull.faults", reputation, Reputation::faults);
        meters.counter("ringpull.quarantines", reputation, Reputation::quarantines);
        meters.gauge("ringpull.tags.waiting", tags, SharedTags::waiting);
        meters.gauge("ringpull.swarm.messages.sent", swarm, SwarmNode::messagesSent);
        meters.gauge("ringpull.ring.messages.sent", ring, RingNode::messagesSent);
        meters.counter("ringpull.ring.messages.rejected", ring, RingNode::messagesRejected);
        meters.gauge("ringpull.store.used.bytes", store, s -> s.usage().usedBytes());
        tls.ifPresent(certificates -> {
            meters.gauge(
                    "ringpull.certificate.expiry.timestamp.seconds",
                    certificates,
                    c -> c.validUntil().getEpochSecond());
            meters.gauge("ringpull.certificate.stale", certificates, c -> c.isStale() ? 1 : 0);
            meters.counter("ringpull.certificates.refused", certificates, PeerTls::refused);
            parts.add("certificate watch", CertificateWatch.start(certificates, clock));
        });

        parts.add(
                "control socket",
                ControlServer.bind(
                        config.node().controlSocket(),
                        new ControlServer.Sources(
                                ring, ring, ring, store, journal, images, verifier, this::status, reputation)));
        readySince = clock.instant();
        mirror = parts.add(
                "mirror",
                Ports.bind(
                        "[mirror] port",
                        config.mirror().address(),
                        config.mirror().port(),
                        address -> MirrorServer.bind(
                                config.mirror(), config.handoff(), fetcher, tags, journal, meters, clock)));
        systemd.ready("serving at " + Ports.text(mirror.address()));
        systemd.watchdogTimeout()
                .ifPresent(within -> parts.add("watchdog", new Watchdog(mirror.address(), within, systemd::watchdog)));
    }

    private Statements statements(SwarmNode swarm) {
        Statements statements = new Statements(
                config.ring().cluster(),
                ring.self().id(),
                ring.self().epoch(),
                tls.map(PeerTls::keys),
                id -> swarm.member(id).or(() -> gone(id)).stream()
                        .mapToLong(Member::epoch)
                        .findFirst());
        tls.ifPresentOrElse(
                certificates -> certificates.onChange(statements::forget),
                () -> log.info("statements about chunks are unsigned, as this ring has no certificates:"
                        + " no member can be quarantined"));
        return statements;
    }

    /** A member that died: what it said while it lived still counts. */
    private Optional<Member> gone(MemberId id) {
        return ring.members().stream()
                .map(MemberState::member)
                .filter(member -> member.id().equals(id))
                .findFirst();
    }

    /** Where it listens, by name; in one line for scripts and for those who configured port 0. */
    String addresses() {
        return ports().stream().map(port -> port.name() + "=" + port.address()).collect(Collectors.joining(" "))
                + " socket=" + config.node().controlSocket();
    }

    private Optional<PeerTls> peerTls() throws IOException {
        Optional<Config.Tls> files = config.peer().tls();
        if (files.isEmpty()) {
            return Optional.empty();
        }
        PeerTls certificates = PeerTls.of(files.get());
        Identity.checkCluster(certificates.identity(), config.ring().cluster());
        return Optional.of(certificates);
    }

    private ChunkServer dataPort(
            InetSocketAddress address,
            ChunkSource source,
            Optional<PeerTls> tls,
            Sessions sessions,
            Pace upload,
            Meters meters)
            throws IOException {
        Config.Io io = config.peer().io();
        return Admissions.wanted(config.peer())
                ? ChunkServer.bindPlain(address, source, sessions, io, upload, bytes -> meters.served("tcp", bytes))
                : ChunkServer.bind(address, source, tls, io, upload, bytes -> meters.served("tcp", bytes));
    }

    private Member self(Identity identity, boolean rdma, NvmeofSide nvmeof) {
        return new Member(
                identity.id(),
                identity.epoch(),
                config.node().name(),
                List.of(data.address().getAddress().getHostAddress()),
                control.address().getPort(),
                data.address().getPort(),
                config.node().rack(),
                config.node().zone(),
                Stream.concat(Admissions.transports(config.peer(), rdma).stream(), nvmeof.transports().stream())
                        .toList(),
                config.ring().weight());
    }

    private static double liveMembers(RingNode ring) {
        return ring.members().stream().filter(m -> m.status().counts()).count();
    }

    private static double eligibleMembers(RingNode ring) {
        return ring.members().stream().filter(MemberState::eligible).count();
    }

    private List<DaemonStatus.Port> ports() {
        return List.of(
                new DaemonStatus.Port("mirror", Ports.text(mirror.address())),
                new DaemonStatus.Port("control", Ports.text(control.address())),
                new DaemonStatus.Port("data", Ports.text(data.address())),
                new DaemonStatus.Port("metrics", Ports.text(metrics.address())));
    }

    private DaemonStatus status() {
        return new DaemonStatus(
                CommandLineApp.version(),
                readySince,
                ports(),
                mirror.lastRequest().map(at -> Duration.between(at, Instant.now())),
                Sha256.fastest().name(),
                Stream.concat(
                                tls.stream().flatMap(certificates -> certificates.problems(Instant.now()).stream()),
                                Stream.concat(recalls.problems().stream(), nvmeof.problems().stream()))
                        .toList());
    }

    /**
     * Ends as SIGTERM wants it: nothing new is accepted, running answers finish or get a FIN within the grace, the ring is
     * told. Then everything is closed.
     */
    void stop() throws InterruptedException {
        Duration grace = config.node().stopGrace();
        systemd.stopping("finishing answers, for " + grace.toSeconds() + " s at most");
        List<Callable<Void>> steps = List.of(
                () -> {
                    mirror.stop(grace);
                    return null;
                },
                () -> {
                    data.stop(grace);
                    return null;
                },
                () -> {
                    ring.leave();
                    return null;
                });
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            threads.invokeAll(steps);
        }
        close();
    }

    @Override
    public void close() {
        parts.close();
    }
}
