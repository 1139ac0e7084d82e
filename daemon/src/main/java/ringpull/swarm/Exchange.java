package ringpull.swarm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/**
 * What this node has of a blob, and the mesh of neighbours it exchanges chunks with. A chunk is <em>here</em> when it has
 * landed, and <em>held</em> when it is attested or proven: only what is held is told to others and served to them.
 */
final class Exchange {
    private static final long SILENCE = 15 * SwarmLimits.SECONDS;
    private static final int FRESH_MOST = 64;
    private static final int ABROAD_MOST = 16;

    private final Node node;
    private final Digest digest;
    private final Map<MemberId, Neighbour> mesh = new LinkedHashMap<>();
    private final List<Neighbour> ring = new ArrayList<>();
    private final ChunkBits here;
    private final ChunkBits held;
    private final ChunkBits taken;
    private final short[] copies;
    private final @Nullable Statement[] statements;
    private final List<Integer> fresh = new ArrayList<>();
    private long flushedAt;

    Exchange(Node node, Digest digest, int chunks) {
        this.node = node;
        this.digest = digest;
        here = new ChunkBits(chunks);
        held = new ChunkBits(chunks);
        taken = new ChunkBits(chunks);
        copies = new short[chunks];
        statements = new Statement[chunks];
    }

    int chunks() {
        return here.size();
    }

    ChunkBits here() {
        return here;
    }

    ChunkBits held() {
        return held;
    }

    /** Chunks that need not be asked for: here, or on their way. */
    ChunkBits taken() {
        return taken;
    }

    List<Neighbour> neighbours() {
        return ring;
    }

    @Nullable
    Neighbour neighbour(MemberId id) {
        return mesh.get(id);
    }

    int copies(int chunk) {
        return copies[chunk];
    }

    @Nullable
    Statement statement(int chunk) {
        return statements[chunk];
    }

    /** Bytes from an earlier life: they need not come again, but nobody vouches for them. */
    void present(List<Run> runs) {
        for (Run run : runs) {
            here.setAll(run);
            taken.setAll(run);
        }
    }

    void landed(int chunk) {
        here.set(chunk);
        taken.set(chunk);
    }

    /** A chunk that is here was vouched for: it is told to the neighbours, alone if they heard nothing for a while. */
    void hold(int chunk, @Nullable Statement statement) {
        if (!here.get(chunk) || !held.set(chunk)) {
            return;
        }
        if (statement != null) {
            statements[chunk] = statement;
        }
        fresh.add(chunk);
        if (fresh.size() >= FRESH_MOST || node.now() - flushedAt >= SwarmLimits.ANNOUNCE) {
            flush();
        }
    }

    void holdAll() {
        here.setAll(new Run(0, Math.max(1, chunks())));
        for (int chunk = held.nextClear(0); chunk < chunks(); chunk = held.nextClear(chunk + 1)) {
            hold(chunk, null);
        }
        taken.setAll(new Run(0, Math.max(1, chunks())));
    }

    /** What landed was not what the statement says. */
    void reject(int chunk) {
        here.clear(chunk);
        taken.clear(chunk);
        statements[chunk] = null;
        wake(chunk);
    }

    /** A chunk that was asked for does not come. */
    void release(int chunk) {
        if (!here.get(chunk) && taken.clear(chunk)) {
            wake(chunk);
        }
    }

    /** This chunk is wanted again. */
    private void wake(int chunk) {
        for (Neighbour neighbour : ring) {
            neighbour.dry &= !neighbour.has.get(chunk);
        }
    }

    /** Looks for a member's acquaintance; one of another rack takes the place of one that is of no use. */
    void greet(MemberId id) {
        if (!mesh.containsKey(id) && isAbroad(id)) {
            List<Neighbour> others = ring.stream().filter(n -> n.abroad).toList();
            if (others.size() >= ABROAD_MOST) {
                others.stream()
                        .filter(n -> n.inFlight == 0 && !n.has.full())
                        .findFirst()
                        .ifPresent(n -> drop(n.id));
            }
        }
        if (!mesh.containsKey(id) && mesh.size() < SwarmLimits.MESH_MOST && !id.equals(node.self())) {
            Neighbour neighbour = add(id);
            neighbour.greeted = true;
            hello(id, true);
        }
    }

    /** A member that has everything, as the ring says. */
    void holder(MemberId id) {
        if (!mesh.containsKey(id) && mesh.size() < SwarmLimits.MESH_MOST && !id.equals(node.self())) {
            learn(add(id), List.of(new Run(0, Math.max(1, chunks()))));
        }
    }

    private boolean isAbroad(MemberId id) {
        return !node.rack().isEmpty() && !node.ranking().rackOf(id).equals(node.rack());
    }

    private Neighbour add(MemberId id) {
        Neighbour neighbour = new Neighbour(id, new ChunkBits(chunks()), isAbroad(id), node.now());
        mesh.put(id, neighbour);
        ring.add(neighbour);
        return neighbour;
    }

    /** False if there is no room for one more. */
    boolean hello(MemberId from, Message.Hello hello) {
        Neighbour neighbour = mesh.get(from);
        if (neighbour == null) {
            if (mesh.size() >= SwarmLimits.MESH_MOST) {
                return false;
            }
            neighbour = add(from);
        }
        vouch(hello.statements());
        learn(neighbour, hello.have());
        if (hello.reply()) {
            neighbour.greeted = true;
            hello(from, false);
        }
        return true;
    }

    private void hello(MemberId to, boolean reply) {
        List<Run> runs = held.runs();
        int some = Math.min(runs.size(), SwarmLimits.RUNS);
        List<Statement> about = statementsOf(runs.subList(0, some));
        List<Statement> first = about.subList(0, Math.min(about.size(), SwarmLimits.STATEMENTS));
        node.send(to, new Message.Hello(digest, reply, List.copyOf(runs.subList(0, some)), List.copyOf(first)));
        if (some < runs.size() || first.size() < about.size()) {
            tell(List.of(to), runs.subList(some, runs.size()), about.subList(first.size(), about.size()));
        }
    }

    void have(MemberId from, Message.Have have) {
        Neighbour neighbour = mesh.get(from);
        if (neighbour != null) {
            vouch(have.statements());
            learn(neighbour, have.runs());
        }
    }

    private void vouch(List<Statement> about) {
        for (Statement statement : about) {
            int end = Math.min(statement.run().end(), chunks());
            for (int chunk = statement.run().first(); chunk < end; chunk++) {
                if (statements[chunk] == null && !held.get(chunk)) {
                    statements[chunk] = statement;
                    if (here.get(chunk)) {
                        node.effect(new Effect.Check(digest, chunk, statement)); // it came before the statement
                    }
                }
            }
        }
    }

    private void learn(Neighbour neighbour, List<Run> runs) {
        neighbour.heardAt = node.now();
        for (Run run : runs) {
            int end = Math.min(run.end(), chunks());
            for (int chunk = run.first(); chunk < end; chunk++) {
                if (neighbour.has.set(chunk)) {
                    copies[chunk]++;
                    neighbour.dry = false;
                }
            }
        }
    }

    /** It does not have a chunk that it was thought to have. */
    void lacks(Neighbour neighbour, int chunk) {
        if (neighbour.has.clear(chunk)) {
            copies[chunk]--;
        }
    }

    void drop(MemberId id) {
        Neighbour neighbour = mesh.remove(id);
        if (neighbour != null) {
            ring.remove(neighbour);
            for (int chunk = neighbour.has.nextSet(0); chunk < chunks(); chunk = neighbour.has.nextSet(chunk + 1)) {
                copies[chunk]--;
            }
        }
    }

    /** Members that have gone silent. */
    List<MemberId> silent() {
        List<MemberId> silent = new ArrayList<>();
        for (Neighbour neighbour : ring) {
            if (!neighbour.has.full() && !held.full() && node.now() - neighbour.heardAt > SILENCE) {
                silent.add(neighbour.id);
            }
        }
        return silent;
    }

    void tick() {
        if (!fresh.isEmpty() && node.now() - flushedAt >= SwarmLimits.ANNOUNCE) {
            flush();
        }
    }

    private void flush() {
        flushedAt = node.now();
        ChunkBits news = new ChunkBits(chunks());
        fresh.forEach(news::set);
        fresh.clear();
        List<Run> runs = news.runs();
        List<MemberId> to = new ArrayList<>();
        for (Neighbour neighbour : ring) {
            if (!neighbour.has.full() && neighbour.greeted) {
                to.add(neighbour.id);
            }
        }
        tell(to, runs, statementsOf(runs));
    }

    private void tell(List<MemberId> to, List<Run> runs, List<Statement> about) {
        int runAt = 0;
        int statementAt = 0;
        while (runAt < runs.size() || statementAt < about.size()) {
            int runEnd = Math.min(runs.size(), runAt + SwarmLimits.RUNS);
            int statementEnd = Math.min(about.size(), statementAt + SwarmLimits.STATEMENTS);
            Message.Have have = new Message.Have(
                    digest,
                    List.copyOf(runs.subList(runAt, runEnd)),
                    List.copyOf(about.subList(statementAt, statementEnd)));
            to.forEach(member -> node.send(member, have));
            runAt = runEnd;
            statementAt = statementEnd;
        }
    }

    private List<Statement> statementsOf(List<Run> runs) {
        List<Statement> about = new ArrayList<>();
        Statement last = null;
        for (Run run : runs) {
            for (int chunk = run.first(); chunk < run.end(); chunk++) {
                Statement statement = statements[chunk];
                if (statement != null && statement != last) {
                    about.add(statement);
                    last = statement;
                }
            }
        }
        return about;
    }

    void leave() {
        ring.forEach(neighbour -> node.send(neighbour.id, new Message.Bye(digest, true)));
    }
}
