package ringpull.fetch;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import ringpull.ring.Holders.Holder;

/**
 * Whom a journey asks, and in which order. Holders that announce different sizes are never asked together: those of the
 * size that most announce come first (of several such sizes, the smallest), the next size when that one led nowhere.
 * What the origin says of the size goes before what holders say, and the proof before both. Not thread-safe.
 */
final class Plan {
    /** Sizes that holders announce of one blob and that are tried. */
    private static final int SIZES_MAX = 8;

    private final Deque<Attempt> attempts = new ArrayDeque<>();
    private final Map<Long, List<Holder>> bySize;
    private boolean originAlone;
    private boolean originSaidSize;

    /**
     * Whom to ask in one go.
     *
     * @param holders all announce one size
     * @param origin for what the holders lack
     */
    record Attempt(List<Holder> holders, boolean origin) {}

    Plan(List<Holder> holders) {
        bySize = holders.stream().collect(Collectors.groupingBy(Holder::sizeBytes));
        bySize.entrySet().stream()
                .sorted(Comparator.comparingInt((Map.Entry<Long, List<Holder>> group) ->
                                -group.getValue().size())
                        .thenComparingLong(Map.Entry::getKey))
                .limit(SIZES_MAX)
                .forEach(group -> attempts.add(new Attempt(group.getValue(), attempts.isEmpty())));
        if (attempts.isEmpty()) {
            attempts.add(new Attempt(List.of(), true));
        }
    }

    Optional<Attempt> next() {
        return Optional.ofNullable(attempts.pollFirst());
    }

    /** The same once more. */
    void again(Attempt attempt) {
        attempts.addFirst(attempt);
    }

    /** Another origin was named. */
    void origin() {
        attempts.addFirst(new Attempt(List.of(), true));
    }

    /**
     * The bytes of an attempt in which holders took part were not the blob: the origin alone is next, then every holder
     * of the attempt alone that is not known to lie.
     */
    void refuted(Attempt attempt, Predicate<Holder> liar) {
        if (!attempt.origin && attempt.holders.size() == 1) {
            return;
        }
        attempt.holders.reversed().stream()
                .filter(liar.negate())
                .forEach(holder -> attempts.addFirst(new Attempt(List.of(holder), false)));
        if (!originAlone) {
            originAlone = true;
            attempts.addFirst(new Attempt(List.of(), true));
        }
    }

    /**
     * The origin says another size than the holders of an attempt.
     *
     * @return false if it said one before: then it cannot be believed either
     */
    boolean originSays(long sizeBytes) {
        if (originSaidSize) {
            return false;
        }
        originSaidSize = true;
        List<Holder> agreeing = bySize.getOrDefault(sizeBytes, List.of());
        attempts.removeIf(attempt -> attempt.holders.equals(agreeing));
        attempts.addFirst(new Attempt(agreeing, true));
        return true;
    }
}
