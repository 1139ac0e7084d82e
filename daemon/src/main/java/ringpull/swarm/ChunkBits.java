package ringpull.swarm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** A set of chunks of one blob, one bit each. Above them lies a bit for each 64, so that large blobs are searched quickly. */
final class ChunkBits {
    private final long[] words;

    /** Words with some bit set, and words with all. */
    private final long[] some;

    private final long[] all;
    private final int size;
    private int count;

    ChunkBits(int size) {
        this.size = size;
        words = new long[(size + 63) >>> 6];
        some = new long[(words.length + 63) >>> 6];
        all = new long[some.length];
    }

    int size() {
        return size;
    }

    int count() {
        return count;
    }

    boolean full() {
        return count == size;
    }

    boolean get(int chunk) {
        return (words[chunk >>> 6] & 1L << chunk) != 0;
    }

    /** True if it was not in the set. */
    boolean set(int chunk) {
        long bit = 1L << chunk;
        if ((words[chunk >>> 6] & bit) != 0) {
            return false;
        }
        words[chunk >>> 6] |= bit;
        count++;
        summarize(chunk >>> 6);
        return true;
    }

    boolean clear(int chunk) {
        long bit = 1L << chunk;
        if ((words[chunk >>> 6] & bit) == 0) {
            return false;
        }
        words[chunk >>> 6] &= ~bit;
        count--;
        summarize(chunk >>> 6);
        return true;
    }

    private void summarize(int word) {
        long bit = 1L << word;
        some[word >>> 6] = words[word] == 0 ? some[word >>> 6] & ~bit : some[word >>> 6] | bit;
        all[word >>> 6] = words[word] == -1L ? all[word >>> 6] | bit : all[word >>> 6] & ~bit;
    }

    /** How many of the run were new; what lies past the blob's end is ignored. */
    int setAll(Run run) {
        int before = count;
        int end = Math.min(run.end(), size);
        for (int at = run.first(); at < end; ) {
            int word = at >>> 6;
            int next = Math.min(end, (word + 1) << 6);
            long bits = -1L << at & -1L >>> -next;
            count += Long.bitCount(bits & ~words[word]);
            words[word] |= bits;
            summarize(word);
            at = next;
        }
        return count - before;
    }

    void clearAll() {
        Arrays.fill(words, 0);
        Arrays.fill(some, 0);
        Arrays.fill(all, 0);
        count = 0;
    }

    void addAll(ChunkBits other) {
        count = 0;
        for (int i = 0; i < words.length; i++) {
            words[i] |= other.words[i];
            count += Long.bitCount(words[i]);
            summarize(i);
        }
    }

    /** The first chunk at or after this one that is in the set, or the size. */
    int nextSet(int from) {
        return next(from, 0);
    }

    /** The first chunk at or after this one that is not in the set, or the size. */
    int nextClear(int from) {
        return next(from, -1L);
    }

    private int next(int from, long flip) {
        if (from >= size) {
            return size;
        }
        int word = from >>> 6;
        long bits = (words[word] ^ flip) & -1L << from;
        while (bits == 0) {
            if (++word == words.length) {
                return size;
            }
            bits = words[word] ^ flip;
        }
        return Math.min(size, (word << 6) + Long.numberOfTrailingZeros(bits));
    }

    /** The first chunk at or after this one that is in this set and not in the other; -1 if there is none. */
    int nextWithout(ChunkBits other, int from) {
        int word = from >>> 6;
        if (word >= words.length) {
            return -1;
        }
        long bits = words[word] & ~other.words[word] & -1L << from;
        if (bits != 0) {
            return (word << 6) + Long.numberOfTrailingZeros(bits);
        }
        int after = word + 1;
        for (int i = after >>> 6; i < some.length; i++) {
            long candidates = some[i] & ~other.all[i] & (i == after >>> 6 ? -1L << after : -1L);
            while (candidates != 0) {
                int at = (i << 6) + Long.numberOfTrailingZeros(candidates);
                bits = words[at] & ~other.words[at];
                if (bits != 0) {
                    return (at << 6) + Long.numberOfTrailingZeros(bits);
                }
                candidates &= candidates - 1;
            }
        }
        return -1;
    }

    /** All of it as runs, in order. */
    List<Run> runs() {
        List<Run> runs = new ArrayList<>();
        for (int first = nextSet(0); first < size; ) {
            int end = nextClear(first);
            runs.add(new Run(first, end));
            first = nextSet(end);
        }
        return runs;
    }

    /** Runs of it that are true, at most so many: those that lie in the run asked for first, then the longest. */
    List<Run> coarse(int most, List<Run> asked) {
        List<Run> runs = runs();
        if (runs.size() <= most) {
            return runs;
        }
        return runs.stream()
                .sorted(Comparator.comparing((Run run) -> !touches(run, asked))
                        .thenComparing(Comparator.comparingInt(Run::count).reversed())
                        .thenComparingInt(Run::first))
                .limit(most)
                .sorted(Comparator.comparingInt(Run::first))
                .toList();
    }

    private static boolean touches(Run run, List<Run> asked) {
        for (Run other : asked) {
            if (run.first() < other.end() && other.first() < run.end()) {
                return true;
            }
        }
        return false;
    }
}
