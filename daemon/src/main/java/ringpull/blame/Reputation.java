package ringpull.blame;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.ring.MemberId;

/**
 * How members stand with this node: gives {@link Blame} its time and its memory, and writes what it decides to the audit
 * log. For any thread.
 */
public final class Reputation {
    private static final Logger log = LoggerFactory.getLogger(Reputation.class);
    private static final int FIELDS = 4;
    private static final int FILE_BYTES_MAX = 1 << 20;

    private final InstantSource clock;
    private final Optional<Path> file;
    private final AuditLog audit;
    private final Blame blame = new Blame();
    private final List<Consumer<MemberId>> listeners = new CopyOnWriteArrayList<>();
    private final LongAdder faults = new LongAdder();
    private final LongAdder quarantines = new LongAdder();

    private Reputation(InstantSource clock, Optional<Path> file, AuditLog audit) {
        this.clock = clock;
        this.file = file;
        this.audit = audit;
    }

    /** Forgotten with the daemon. */
    public static Reputation inMemory(InstantSource clock) {
        return new Reputation(clock, Optional.empty(), AuditLog.none(clock));
    }

    /**
     * Takes up the quarantines that are kept in the state directory, where the audit log is, too.
     *
     * @throws IOException naming the file, if it cannot be read
     */
    public static Reputation in(Path state, InstantSource clock) throws IOException {
        Path file = state.resolve("quarantine");
        Reputation reputation =
                new Reputation(clock, Optional.of(file), AuditLog.in(state.resolve("audit.log"), clock));
        if (Files.exists(file)) {
            reputation.blame.restore(read(file), clock.millis());
        }
        return reputation;
    }

    /**
     * Something went wrong.
     *
     * @return what is to be read once more before anybody is to blame
     */
    public List<Ruling.ReadOverTls> happened(Fault fault) {
        List<Ruling> rulings;
        Set<MemberId> quarantined = new HashSet<>();
        synchronized (this) {
            rulings = blame.handle(fault, clock.millis());
            rulings.forEach(ruling -> {
                if (ruling instanceof Ruling.Quarantined q) {
                    quarantined.add(q.member());
                }
            });
            if (!quarantined.isEmpty()) {
                keep();
            }
        }
        faults.increment();
        quarantines.add(quarantined.size());
        audit.write(fault, rulings);
        quarantined.forEach(member -> listeners.forEach(listener -> listener.accept(member)));
        List<Ruling.ReadOverTls> again = new ArrayList<>();
        for (Ruling ruling : rulings) {
            switch (ruling) {
                case Ruling.ReadOverTls r -> again.add(r);
                case Ruling.Quarantined r ->
                    log.warn(
                            "quarantined member {} until {}: it {}",
                            r.member().hex(),
                            Instant.ofEpochMilli(r.untilMillis()),
                            r.reason());
                case Ruling.Lowered r ->
                    log.warn(
                            "member {} is asked after others: it {}", r.member().hex(), r.reason());
                case Ruling.PathLowered r ->
                    log.warn("the way to member {} is bad: {}", r.member().hex(), r.reason());
                case Ruling.OriginInconsistent r -> log.warn("origin inconsistent on {}: {}", r.digest(), r.reason());
            }
        }
        return again;
    }

    /** Hears of each member that is quarantined from now on. */
    public void onQuarantine(Consumer<MemberId> listener) {
        listeners.add(listener);
    }

    /** Whether a member is neither read from nor believed. */
    public boolean shuns(MemberId member) {
        return of(member)
                .filter(sentence -> sentence.kind() == Sentence.Kind.QUARANTINED)
                .isPresent();
    }

    /** How a member stands; empty: well. */
    public synchronized Optional<Sentence> of(MemberId member) {
        return blame.standing(member, clock.millis());
    }

    /** All members that do not stand well. */
    public synchronized List<Sentence> sentences() {
        return blame.sentences(clock.millis());
    }

    /** Members that are quarantined now. */
    public long quarantined() {
        return sentences().stream()
                .filter(sentence -> sentence.kind() == Sentence.Kind.QUARANTINED)
                .count();
    }

    /** Faults that were seen since the start. */
    public long faults() {
        return faults.sum();
    }

    /** Quarantines since the start. */
    public long quarantines() {
        return quarantines.sum();
    }

    /** A line each: the member, until when, the number of offences, the reason. */
    private void keep() {
        if (file.isEmpty()) {
            return;
        }
        StringBuilder text = new StringBuilder();
        for (Sentence sentence : blame.kept(clock.millis())) {
            text.append(sentence.member().hex())
                    .append(' ')
                    .append(sentence.untilMillis())
                    .append(' ')
                    .append(sentence.offences())
                    .append(' ')
                    .append(sentence.reason().replaceAll("\\p{Cntrl}", "?"))
                    .append('\n');
        }
        Path next = file.get().resolveSibling(file.get().getFileName() + ".new");
        try {
            Files.writeString(next, text);
            Files.move(next, file.get(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            log.warn("a quarantine will not outlive a restart: {}", e.toString());
        }
    }

    private static List<Sentence> read(Path file) throws IOException {
        if (Files.size(file) > FILE_BYTES_MAX) {
            throw new IOException(file + " is too large to be ours: remove it and start again");
        }
        try (Stream<String> lines = Files.lines(file)) {
            return lines.limit(Blame.MEMBERS_MAX).map(Reputation::sentence).toList();
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is damaged (" + e.getMessage() + "): remove it and start again", e);
        }
    }

    private static Sentence sentence(String line) {
        String[] words = line.split(" ", FIELDS);
        if (words.length < FIELDS) {
            throw new IllegalArgumentException("a line without " + FIELDS + " fields");
        }
        return new Sentence(
                new MemberId(words[0]),
                Sentence.Kind.QUARANTINED,
                Long.parseLong(words[1]),
                Math.clamp(Long.parseLong(words[2]), 0, Integer.MAX_VALUE),
                words[3]);
    }
}
