package ringpull.mirror;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import ringpull.blob.ByteRange;

/** What a Range header asks for, before the blob's size is known. */
sealed interface RequestedRange {
    /** No Range header, or one that RFC 9110 says to ignore. */
    record Whole() implements RequestedRange {}

    /** {@code bytes=first-last}; {@code last} is the greatest long if it was left out. */
    record From(long first, long last) implements RequestedRange {}

    /** {@code bytes=-count}. */
    record Last(long count) implements RequestedRange {}

    /** More than one range. */
    record Many() implements RequestedRange {}

    /** @param partial whether the answer is 206 */
    record Selection(ByteRange bytes, boolean partial) {
        static Selection whole(long sizeBytes) {
            return new Selection(new ByteRange(0, sizeBytes), false);
        }
    }

    Pattern ONE = Pattern.compile("([0-9]*)[ \\t]*-[ \\t]*([0-9]*)");

    static RequestedRange parse(@Nullable String header) {
        if (header == null || !header.regionMatches(true, 0, "bytes=", 0, 6)) {
            return new Whole();
        }
        String set = header.substring(6).strip();
        if (set.indexOf(',') >= 0) {
            return new Many();
        }
        Matcher one = ONE.matcher(set);
        if (!one.matches()) {
            return new Whole();
        }
        String first = one.group(1);
        String last = one.group(2);
        if (first.isEmpty()) {
            return last.isEmpty() ? new Whole() : new Last(number(last));
        }
        From range = new From(number(first), last.isEmpty() ? Long.MAX_VALUE : number(last));
        return range.last < range.first ? new Whole() : range;
    }

    /** Numbers that no blob reaches count as the greatest long. */
    private static long number(String digits) {
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            return Long.MAX_VALUE;
        }
    }

    /** Whether the answer may start elsewhere than at the first byte: so do the resumes of broken answers. */
    default boolean isRange() {
        return !(this instanceof Whole);
    }

    /** Whether it names an end: clients that resume, or read in parallel, leave that open. */
    default boolean isBounded() {
        return switch (this) {
            case Whole w -> false;
            case Many m -> true;
            case From(long first, long last) -> last != Long.MAX_VALUE;
            case Last l -> true;
        };
    }

    /** The first byte that is wanted of a blob of this size. */
    default long firstByte(long sizeBytes) {
        return switch (this) {
            case Whole w -> 0;
            case Many m -> 0;
            case From(long first, long last) -> first;
            case Last(long count) -> Math.max(0, sizeBytes - count);
        };
    }

    /**
     * The bytes to send of a blob of this size. A range of an empty blob is ignored: some clients put one on every
     * request.
     */
    default Selection select(long sizeBytes) throws Refusal {
        if (sizeBytes == 0) {
            return Selection.whole(0);
        }
        return switch (this) {
            case Whole w -> Selection.whole(sizeBytes);
            case Many m -> throw Refusal.manyRanges();
            case From(long first, long last) -> {
                if (first >= sizeBytes) {
                    throw Refusal.notSatisfiable(sizeBytes);
                }
                long end = Math.min(last, sizeBytes - 1) + 1;
                yield new Selection(new ByteRange(first, end - first), true);
            }
            case Last(long count) -> {
                if (count == 0) {
                    throw Refusal.notSatisfiable(sizeBytes);
                }
                long length = Math.min(count, sizeBytes);
                yield new Selection(new ByteRange(sizeBytes - length, length), true);
            }
        };
    }

    /**
     * As {@link #select}, for a manifest, where a range is tolerated and never an error: some containerd releases put
     * {@code bytes=0-} on every request.
     */
    default Selection selectLeniently(long sizeBytes) {
        try {
            return select(sizeBytes);
        } catch (Refusal e) {
            return Selection.whole(sizeBytes);
        }
    }
}
