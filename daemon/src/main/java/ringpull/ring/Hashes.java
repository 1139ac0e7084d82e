package ringpull.ring;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Immutable 64-bit hashes, in order. */
public final class Hashes {
    static final Hashes NONE = new Hashes(new long[0]);

    private final long[] values;

    private Hashes(long[] values) {
        this.values = values;
    }

    public static Hashes of(long... values) {
        return values.length == 0 ? NONE : new Hashes(values.clone());
    }

    static Hashes of(long[] buffer, int size) {
        return size == 0 ? NONE : new Hashes(Arrays.copyOf(buffer, size));
    }

    public int size() {
        return values.length;
    }

    public long at(int index) {
        return values[index];
    }

    /** Where this hash is, or -1. */
    int indexOf(long hash) {
        for (int i = 0; i < values.length; i++) {
            if (values[i] == hash) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Hashes o && Arrays.equals(values, o.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return Arrays.toString(values);
    }
}
