package ringpull.swarm;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** One blob that this node pulls, or has pulled and still passes on. */
final class Puller implements Registration.Author {
    private final Node node;
    private final Digest digest;
    private final String source;
    private final String scope;
    private final List<MemberId> holders;
    private final Registration standing;
    private final Errands errands;

    private long sizeBytes = -1;
    private @Nullable Exchange exchange;
    private @Nullable Reads reads;
    private final Set<MemberId> acquaintances = new LinkedHashSet<>();
    private List<Run> asked = List.of();
    private boolean opening;
    private boolean presentSaid;
    private boolean aloneSaid;
    private boolean proven;
    private long provenAt;

    Puller(Node node, Event.Start start) {
        this.node = node;
        this.digest = start.digest();
        this.source = start.source();
        this.scope = node.rack();
        this.holders = start.holders();
        this.standing = new Registration(node, digest, scope, this);
        this.errands = new Errands(node, digest, standing);
        sized(start.sizeBytes());
        standing.tick();
    }

    /** Whether it has nothing to do any more. */
    boolean over() {
        return proven && node.now() - provenAt > SwarmLimits.LINGER;
    }

    @Override
    public Message.Report report(Registration registration, long nonce) {
        Exchange known = exchange;
        ChunkBits held = known == null ? null : known.held();
        boolean whole = held != null && held.full();
        return new Message.Report(
                digest,
                scope,
                node.self(),
                scope,
                0,
                nonce,
                source,
                sizeBytes,
                held == null ? 0 : held.count(),
                held == null ? List.of() : held.coarse(SwarmLimits.RANGES, asked),
                errands.leases(),
                errands.ended(),
                whole || aloneSaid ? 0 : errands.slots(source),
                known == null ? acquaintances.size() : known.neighbours().size(),
                registration.veteran(),
                errands.trouble(),
                errands.pauseNanos(),
                List.of(node.self()),
                registration.silent());
    }

    void granted(MemberId from, Message.Grant grant) {
        if (!grant.scope().equals(scope) || !standing.accept(from, grant)) {
            return;
        }
        sized(grant.sizeBytes());
        asked = grant.asked();
        if (!asked.isEmpty()) {
            standing.soon();
        }
        errands.granted(grant, exchange);
        Exchange known = exchange;
        if (known == null) {
            grant.neighbours().forEach(this::remember);
        } else {
            errands.settle(known);
            grant.neighbours().forEach(known::greet);
        }
        if (grant.hopeless()) {
            alone("the origin refuses it to every member that asked");
        }
        fill();
    }

    /** The blob's size is known. */
    void sized(long bytes) {
        if (sizeBytes < 0 && bytes >= 0 && bytes <= Chunk.BLOB_BYTES_MAX && !opening) {
            sizeBytes = bytes;
            opening = true;
            node.effect(new Effect.Open(digest, bytes));
            standing.soon();
        }
    }

    void opened(List<Run> present) {
        if (exchange != null || sizeBytes < 0) {
            return;
        }
        Exchange fresh = new Exchange(node, digest, Chunk.count(sizeBytes));
        exchange = fresh;
        reads = new Reads(node, digest, fresh, errands::bringsFromAbroad);
        fresh.present(present);
        errands.settle(fresh);
        holders.forEach(fresh::holder);
        acquaintances.forEach(fresh::greet);
        acquaintances.clear();
        standing.soon();
        whole();
        fill();
    }

    void moved(long read) {
        Reads running = reads;
        if (running == null || !running.moved(read)) {
            errands.moved(read);
        } else if (running.isAbroad(read)) {
            errands.movedAbroad();
        }
    }

    void landed(long read, int chunk) {
        Exchange known = exchange;
        Reads running = reads;
        if (known == null || running == null || chunk < 0 || chunk >= known.chunks()) {
            return;
        }
        moved(read);
        if (errands.reads(read)) {
            if (!known.here().get(chunk)) {
                known.landed(chunk);
                node.effect(new Effect.Attest(digest, chunk));
            }
        } else if (running.landed(read, chunk)) {
            node.effect(new Effect.Check(digest, chunk, known.statement(chunk)));
        }
    }

    void attested(Statement statement) {
        Exchange known = exchange;
        if (known != null) {
            int end = Math.min(statement.run().end(), known.chunks());
            for (int chunk = statement.run().first(); chunk < end; chunk++) {
                known.hold(chunk, statement);
            }
            errands.progress(known.held());
            whole();
            fill();
        }
    }

    void checked(int chunk, boolean good) {
        Exchange known = exchange;
        if (known == null || chunk < 0 || chunk >= known.chunks()) {
            return;
        }
        if (good) {
            known.hold(chunk, null);
            errands.progress(known.held());
            whole();
        } else {
            known.reject(chunk);
        }
        fill();
    }

    /** A chunk is here and will do if the whole proves, but is not passed on. */
    void unvouched() {
        whole();
        fill();
    }

    void ended(long read, Event.Outcome outcome, long pauseNanos) {
        Reads running = reads;
        if (running == null || !running.ended(read, outcome, pauseNanos)) {
            errands.ended(read, outcome, pauseNanos, exchange);
        }
        fill();
    }

    private void whole() {
        Exchange known = exchange;
        if (known != null && known.here().full() && !presentSaid) {
            presentSaid = true;
            errands.cancelAll();
            node.effect(new Effect.Present(digest));
        }
    }

    void proven() {
        Exchange known = exchange;
        if (!proven && known != null) {
            proven = true;
            provenAt = node.now();
            known.holdAll();
            standing.soon();
        }
    }

    private void fill() {
        Reads running = reads;
        if (running != null && !presentSaid) {
            running.fill();
        }
    }

    /** Somebody to greet as soon as the size is known. */
    private void remember(MemberId member) {
        if (acquaintances.size() < SwarmLimits.MESH_MOST) {
            acquaintances.add(member);
        }
    }

    void hello(MemberId from, Message.Hello hello) {
        Exchange known = exchange;
        if (known == null) {
            remember(from);
            return;
        }
        if (!known.hello(from, hello)) {
            node.send(from, new Message.Bye(digest, false));
            return;
        }
        fill();
    }

    void have(MemberId from, Message.Have have) {
        Exchange known = exchange;
        if (known != null) {
            known.have(from, have);
            fill();
        }
    }

    /** A member is gone, or takes no part any more. */
    void drop(MemberId member) {
        Exchange known = exchange;
        Reads running = reads;
        if (known != null && running != null && known.neighbour(member) != null) {
            running.drop(member);
            known.drop(member);
            if (!presentSaid && known.neighbours().size() < SwarmLimits.MESH_WANTED / 2) {
                standing.soon();
            }
            fill();
        }
    }

    void lost(MemberId member) {
        standing.lost(member);
        drop(member);
    }

    void tick() {
        Exchange known = exchange;
        Reads running = reads;
        standing.tick();
        errands.tick(presentSaid);
        if (known != null && running != null) {
            known.tick();
            if (!presentSaid) {
                running.tick().stream().distinct().forEach(this::drop);
                known.silent().forEach(this::drop);
                running.fill();
            }
        }
        if (!presentSaid
                && standing.homeless()
                && !errands.busy()
                && (known == null || known.neighbours().isEmpty())) {
            alone("no member answers as its home");
        }
    }

    private void alone(String reason) {
        if (!aloneSaid && !presentSaid) {
            aloneSaid = true;
            node.effect(new Effect.Alone(digest, reason));
        }
    }

    /** Takes no part any more. */
    void stop() {
        errands.cancelAll();
        if (reads != null) {
            reads.cancelAll();
        }
        if (exchange != null) {
            exchange.leave();
        }
        standing.leave();
    }
}
