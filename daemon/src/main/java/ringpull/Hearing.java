package ringpull;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import ringpull.blame.Fault;
import ringpull.blame.Reputation;
import ringpull.blame.Statements;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.swarm.Statement;
import ringpull.swarm.wire.Belief;

/**
 * What the swarm hears of others: nothing of members that are quarantined, and statements only if whom they name has made
 * them. Who passed on a forged one is not listened to about statements for a while, so that checking them costs little.
 */
final class Hearing implements Belief {
    private static final long DEAF_NANOS = TimeUnit.MINUTES.toNanos(10);
    private static final int FORGERS_MAX = 4_096;

    private final Statements statements;
    private final Reputation reputation;
    private final Map<MemberId, Long> deafUntil = new LinkedHashMap<>();

    Hearing(Statements statements, Reputation reputation) {
        this.statements = statements;
        this.reputation = reputation;
    }

    @Override
    public boolean hears(MemberId member) {
        return !reputation.shuns(member);
    }

    @Override
    public Optional<Statement> believed(MemberId from, Digest digest, Statement statement) {
        if (reputation.shuns(statement.signer()) || isDeafTo(from)) {
            return Optional.empty();
        }
        return switch (statements.check(digest, statement)) {
            case Statements.Finding.Valid(Statement same) -> Optional.of(same);
            case Statements.Finding.Unusable _ -> Optional.empty();
            case Statements.Finding.Forged(String why) -> {
                reputation.happened(new Fault.ForgedStatement(from, digest, why));
                deafen(from);
                yield Optional.empty();
            }
        };
    }

    private synchronized boolean isDeafTo(MemberId member) {
        Long until = deafUntil.get(member);
        return until != null && System.nanoTime() - until < 0;
    }

    private synchronized void deafen(MemberId member) {
        deafUntil.put(member, System.nanoTime() + DEAF_NANOS);
        if (deafUntil.size() > FORGERS_MAX) {
            deafUntil.remove(deafUntil.keySet().iterator().next());
        }
    }
}
