package ringpull.tls;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.config.Config;

/**
 * TLS 1.3 with certificates on both sides, all signed by the ring's own authorities. Who a member is follows from its
 * certificate; its address is only data, so host names are not compared. For any thread.
 *
 * <p>The contexts that it gives are for good: each new connection uses the certificates that are in force when it begins.
 * {@link #refresh} takes changed files.
 */
public final class PeerTls {
    private static final Logger log = LoggerFactory.getLogger(PeerTls.class);

    private final Config.Tls files;
    private final PeerIdentity identity;
    private final Watched<CertificateSet> certificates;
    private final Watched<Revocations> revocations;
    private final Refusals refusals = new Refusals();
    private final PeerConnections connections = new PeerConnections();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final MemberKeys keys;
    private volatile InForce inForce;
    private String told = "";

    /** All that new connections are made with. */
    private record InForce(MemberTrust trust, Contexts contexts) {}

    private PeerTls(Config.Tls files) throws IOException {
        this.files = files;
        certificates = new Watched<>(List.of(files.cert(), files.key(), files.ca()), before -> read(files, before));
        revocations = new Watched<>(files.revoked().stream().toList(), before -> Revocations.read(files.revoked()));
        identity = certificates.value().identity();
        inForce = inForce(certificates.value(), revocations.value(), refusals);
        keys = new MemberKeys(certificates::value, () -> inForce.trust);
    }

    /**
     * Reads the files and finds out now whether they will do.
     *
     * @throws IOException naming the file, the key in the configuration and what to do, if they will not
     */
    public static PeerTls of(Config.Tls files) throws IOException {
        return new PeerTls(files);
    }

    private static CertificateSet read(Config.Tls files, @Nullable CertificateSet before) throws IOException {
        CertificateSet set = CertificateSet.read(files);
        if (before != null) {
            if (!set.identity().equals(before.identity())) {
                throw new IOException("[peer] cert: " + files.cert() + " is now of "
                        + set.identity().text() + ", and this daemon is "
                        + before.identity().text() + " as long as it runs; restart it to become the other");
            }
            // The TLS library may be more particular than Java; better to know before anything depends on it.
            inForce(set, Revocations.NONE, new Refusals());
        }
        return set;
    }

    private static InForce inForce(CertificateSet set, Revocations revoked, Refusals refusals) throws IOException {
        MemberTrust trust =
                new MemberTrust(set.authorities(), revoked, set.identity().cluster(), refusals::add);
        return new InForce(trust, Contexts.of(set, trust));
    }

    /** Who this member is; the same as long as the daemon runs. */
    public PeerIdentity identity() {
        return identity;
    }

    /** Signs as this member, and tells who else signed. */
    public MemberKeys keys() {
        return keys;
    }

    /** For the data port. */
    public SslContext dataServer() {
        return live(Contexts::dataServer);
    }

    /** For connections to other members' data ports. */
    public SslContext dataClient() {
        return live(Contexts::dataClient);
    }

    /** For the control port (HTTP/2); {@link #watch} its connections. */
    public SslContext controlServer() {
        return live(Contexts::controlServer);
    }

    /** For connections to other members' control ports (HTTP/2); {@link #onChange} they are to be made anew. */
    public SslContext controlClient() {
        return live(Contexts::controlClient);
    }

    private SslContext live(Function<Contexts, SslContext> which) {
        return new LiveContext(() -> which.apply(inForce.contexts), this::agreed);
    }

    /** For a connection that begins now: what to do when its handshake has ended. */
    private Consumer<Channel> agreed() {
        InForce then = inForce;
        return channel -> {
            connections.add(channel);
            InForce now = inForce;
            if (!now.equals(then)) {
                connections.recheck(channel, now.trust);
            }
        };
    }

    /** Closes this connection once its other side is no longer trusted; for those that gRPC makes. */
    public void watch(Channel channel) {
        connections.add(channel);
    }

    /** Runs this, on the thread that refreshes, each time that other certificates or revocations are in force. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /**
     * Looks whether the files have changed, and takes them if they fit together and have settled: then new connections use
     * them, and open ones are closed whose other side is not trusted under them. Otherwise all stays as it was, and
     * {@link #problems} says why. Blocks; for one thread, every few seconds.
     */
    public void refresh() {
        boolean changed = certificates.refresh();
        changed |= revocations.refresh();
        if (changed) {
            try {
                inForce = inForce(certificates.value(), revocations.value(), refusals);
                connections.recheck(inForce.trust);
                listeners.forEach(Runnable::run);
                log.info(
                        "took changed certificates: this member's is valid until {}, {} authorities, {} revocations",
                        certificates.value().validUntil(),
                        certificates.value().authorities().size(),
                        revocations.value().fingerprints().size());
            } catch (IOException e) {
                log.error("changed certificates could not be taken: {}", e.getMessage());
            }
        }
        String problem = certificates.problem() + revocations.problem();
        if (!problem.equals(told)) {
            told = problem;
            notTaken().forEach(log::error);
        }
    }

    /** When the first certificate of this member's chain expires. */
    public Instant validUntil() {
        return certificates.value().validUntil();
    }

    /** Whether the files as they are now do not count, and former ones are in force. */
    public boolean isStale() {
        return !certificates.problem().isEmpty() || !revocations.problem().isEmpty();
    }

    /** Certificates of others that were refused since the start. */
    public long refused() {
        return refusals.count();
    }

    /** Connections with other members that are open, without those that this node made to control ports. */
    int openConnections() {
        return connections.count();
    }

    /** What is wrong with this member's certificates, or soon will be, and what to do; a sentence each. */
    public List<String> problems(Instant now) {
        CertificateSet set = certificates.value();
        List<String> problems = new ArrayList<>(notTaken());
        Expiry.problem(set, files.cert(), now).ifPresent(problems::add);
        if (set.chain().stream().anyMatch(revocations.value()::contains)) {
            problems.add("the certificate of this node is itself revoked, by "
                    + files.revoked().map(Path::toString).orElse("")
                    + ": other members refuse it; issue another one, with a new key");
        }
        return problems;
    }

    private List<String> notTaken() {
        List<String> problems = new ArrayList<>();
        for (String problem : List.of(certificates.problem(), revocations.problem())) {
            if (!problem.isEmpty()) {
                problems.add("what changed is not taken, and what was read before stays in force: " + problem);
            }
        }
        return problems;
    }
}
