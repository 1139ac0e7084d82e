package ringpull.blame;

import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.swarm.Reading;

/**
 * Decides who is at fault, from what this node has seen itself: the path before the member, and nobody before the whole
 * blob is proven. A member is quarantined only for what it signed and a proven blob refutes. Pure: no clock, thread or
 * file of its own; one thread at a time. Time is given in milliseconds since 1970 UTC, because sentences outlive a restart.
 */
public final class Blame {
    /** The first quarantine; each further one is twice as long. */
    public static final Duration QUARANTINE = Duration.ofHours(1);

    /** As long as a quarantine gets. */
    public static final Duration QUARANTINE_MOST = Duration.ofHours(32);

    /** How long a member or its path is asked after others. */
    public static final Duration LOWERED = Duration.ofMinutes(10);

    /** So long after its last quarantine a member's offences are forgotten. */
    static final Duration FORGOTTEN = Duration.ofDays(7);

    /** False statements about different blobs that their signer read over plain HTTP, until it is shut out for them. */
    static final int UNAUTHENTIC_MOST = 3;

    /** Members that anything is known of. */
    static final int MEMBERS_MAX = 4_096;

    private final Map<MemberId, History> histories = new LinkedHashMap<>();

    private static final class History {
        private long loweredUntil;
        private String loweredFor = "";
        private long quarantinedUntil;
        private String quarantinedFor = "";
        private int offences;
        private final Set<Digest> unauthentic = new HashSet<>();
    }

    /** Something went wrong: what follows. */
    public List<Ruling> handle(Fault fault, long nowMillis) {
        return switch (fault) {
            case Fault.WrongChunk f -> wrongChunk(f, nowMillis);
            case Fault.ReadAgain f -> readAgain(f, nowMillis);
            case Fault.FalseStatement f -> falseStatement(f, nowMillis);
            case Fault.FalseLadder f ->
                List.of(lower(
                        f.from(), "sent other bytes than those of " + f.digest() + ", or a false ladder", nowMillis));
            case Fault.FalseWord f ->
                f.word().hash().equals(f.right().orElse(null))
                        ? List.of()
                        : quarantine(f.word().signer(), "signed a false ladder of " + f.digest(), nowMillis);
            case Fault.ForgedStatement f ->
                List.of(lower(
                        f.from(), "passed on a forged statement about " + f.digest() + ": " + f.why(), nowMillis));
            case Fault.OriginWrong(Digest digest) ->
                List.of(new Ruling.OriginInconsistent(digest, "what it sent is not the blob"));
        };
    }

    private List<Ruling> wrongChunk(Fault.WrongChunk fault, long now) {
        if (fault.channel() == Fault.Channel.PLAIN) {
            return List.of(new Ruling.ReadOverTls(fault.from(), fault.digest(), fault.chunk(), fault.proven()));
        }
        return fault.proven() ? List.of(lower(fault.from(), wrong(fault.digest(), fault.chunk()), now)) : List.of();
    }

    private List<Ruling> readAgain(Fault.ReadAgain fault, long now) {
        if (fault.right()) {
            String reason = "chunk " + fault.chunk() + " of " + fault.digest()
                    + " came changed, and right over TLS: the path is bad";
            lower(fault.from(), reason, now);
            return List.of(new Ruling.PathLowered(fault.from(), now + LOWERED.toMillis(), reason));
        }
        return fault.proven() ? List.of(lower(fault.from(), wrong(fault.digest(), fault.chunk()), now)) : List.of();
    }

    private static String wrong(Digest digest, int chunk) {
        return "sent a wrong chunk " + chunk + " of " + digest;
    }

    private List<Ruling> falseStatement(Fault.FalseStatement fault, long now) {
        Reading reading = fault.statement().reading();
        String reason = "signed a false hash of chunk " + fault.chunk() + " of " + fault.digest();
        boolean signed = fault.statement().signature().length > 0;
        if (!signed || reading.hash(fault.chunk()).equals(fault.right())) {
            return List.of();
        }
        if (reading.authentic()) {
            return quarantine(reading.reader(), reason, now);
        }
        History history = of(reading.reader(), now);
        if (history.unauthentic.size() < UNAUTHENTIC_MOST) {
            history.unauthentic.add(fault.digest());
        }
        if (history.unauthentic.size() >= UNAUTHENTIC_MOST) {
            return quarantine(
                    reading.reader(),
                    reason + ", after " + (UNAUTHENTIC_MOST - 1) + " other blobs, all read over plain HTTP",
                    now);
        }
        String origin = reason + ", read from " + reading.endpoint() + " over plain HTTP";
        return List.of(new Ruling.OriginInconsistent(fault.digest(), origin), lower(reading.reader(), origin, now));
    }

    private List<Ruling> quarantine(MemberId member, String reason, long now) {
        History history = of(member, now);
        if (history.quarantinedUntil > now) {
            return List.of();
        }
        if (now - history.quarantinedUntil > FORGOTTEN.toMillis()) {
            history.offences = 0;
        }
        long length = QUARANTINE.toMillis() << Math.min(history.offences, 16);
        history.offences++;
        history.quarantinedUntil = now + Math.min(length, QUARANTINE_MOST.toMillis());
        history.quarantinedFor = reason;
        history.unauthentic.clear();
        return List.of(new Ruling.Quarantined(member, history.quarantinedUntil, reason));
    }

    private Ruling.Lowered lower(MemberId member, String reason, long now) {
        History history = of(member, now);
        history.loweredUntil = now + LOWERED.toMillis();
        history.loweredFor = reason;
        return new Ruling.Lowered(member, history.loweredUntil, reason);
    }

    private History of(MemberId member, long now) {
        History known = histories.get(member);
        if (known != null) {
            return known;
        }
        if (histories.size() >= MEMBERS_MAX) {
            histories.values().removeIf(history -> history.quarantinedUntil <= now && history.loweredUntil <= now);
        }
        if (histories.size() >= MEMBERS_MAX) {
            histories.remove(histories.keySet().iterator().next());
        }
        History history = new History();
        histories.put(member, history);
        return history;
    }

    /** How a member stands; empty: well. */
    public Optional<Sentence> standing(MemberId member, long nowMillis) {
        return Optional.ofNullable(histories.get(member)).flatMap(history -> standing(member, history, nowMillis));
    }

    /** All members that do not stand well. */
    public List<Sentence> sentences(long nowMillis) {
        return histories.entrySet().stream()
                .flatMap(entry -> standing(entry.getKey(), entry.getValue(), nowMillis).stream())
                .toList();
    }

    private static Optional<Sentence> standing(MemberId member, History history, long now) {
        if (history.quarantinedUntil > now) {
            return Optional.of(quarantine(member, history));
        }
        return history.loweredUntil > now
                ? Optional.of(new Sentence(
                        member, Sentence.Kind.LOWERED, history.loweredUntil, history.offences, history.loweredFor))
                : Optional.empty();
    }

    private static Sentence quarantine(MemberId member, History history) {
        return new Sentence(
                member, Sentence.Kind.QUARANTINED, history.quarantinedUntil, history.offences, history.quarantinedFor);
    }

    /** Quarantines that are to outlive a restart: those that have ended, too, as the next one is longer for them. */
    public List<Sentence> kept(long nowMillis) {
        return histories.entrySet().stream()
                .filter(entry -> entry.getValue().offences > 0)
                .filter(entry -> nowMillis - entry.getValue().quarantinedUntil <= FORGOTTEN.toMillis())
                .map(entry -> quarantine(entry.getKey(), entry.getValue()))
                .toList();
    }

    /** Takes up quarantines of an earlier life; none is longer from now than one can be. */
    public void restore(List<Sentence> kept, long nowMillis) {
        for (Sentence sentence : kept) {
            History history = of(sentence.member(), nowMillis);
            history.quarantinedUntil = Math.min(sentence.untilMillis(), nowMillis + QUARANTINE_MOST.toMillis());
            history.quarantinedFor = sentence.reason();
            history.offences = sentence.offences();
        }
    }
}
