package ringpull.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Assertions;

/**
 * Gives a decoder hostile inputs. It may throw what it documents and nothing else, and neither allocate nor compute out of
 * proportion to its input. {@code RINGPULL_TEST_SCALE} multiplies the inputs, {@code -Dringpull.seed} changes them all.
 */
public final class Fuzz {
    /** Some 16 decoders make 100,000 inputs. */
    private static final int INPUTS = 6_500;

    /** A decoder may allocate so many bytes whatever it is given: buffers, and what the JVM needs to load
     * and to compile it. */
    private static final long FIXED_BYTES = 1 << 20;

    private static final long CPU_NANOS = 2_000_000_000L;
    private static final int SHOWN_BYTES = 2_048;
    private static final double SCALE = Double.parseDouble(System.getenv().getOrDefault("RINGPULL_TEST_SCALE", "1.0"));
    private static final long SEED = Long.getLong("ringpull.seed", 1);
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final String name;
    private final Set<Class<?>> documented;
    private final List<byte[]> corpus = new ArrayList<>();
    private long bytesPerByte = 128;
    private int inputs = INPUTS;
    private int longest = 64 << 10;

    /** A decoder under test. */
    public interface Decoder<T> {
        void decode(T input) throws Throwable;
    }

    /**
     * @param name of the decoder
     * @param documented what it may throw
     */
    public Fuzz(String name, Class<?>... documented) {
        this.name = name;
        this.documented = Set.of(documented);
    }

    /** A good input. */
    public Fuzz with(byte[] input) {
        corpus.add(input);
        return this;
    }

    public Fuzz with(String... inputs) {
        for (String input : inputs) {
            corpus.add(input.getBytes(StandardCharsets.UTF_8));
        }
        return this;
    }

    /** So many, because one takes long. */
    public Fuzz inputs(int count) {
        inputs = count;
        return this;
    }

    /** No input is longer, unless a good one is. */
    public Fuzz longest(int bytes) {
        longest = bytes;
        return this;
    }

    /** What it may allocate for each byte of input. */
    public Fuzz allocating(long bytes) {
        bytesPerByte = bytes;
        return this;
    }

    public void texts(Decoder<String> decoder) {
        bytes(input -> decoder.decode(new String(input, StandardCharsets.UTF_8)));
    }

    public void bytes(Decoder<byte[]> decoder) {
        for (int warmUp = 0; warmUp < 3; warmUp++) {
            corpus.forEach(input -> one(decoder, input, -1, Long.MAX_VALUE));
        }
        long last = Math.max(1, Math.round(inputs * SCALE));
        for (long number = 0; number < last; number++) {
            byte[] input = new Mutator(corpus, longest, (SEED * 31 + name.hashCode()) * 1_000_000_007L + number).next();
            one(decoder, input, number, FIXED_BYTES + bytesPerByte * input.length);
        }
    }

    private void one(Decoder<byte[]> decoder, byte[] input, long number, long bytesMax) {
        Cost cost = decode(decoder, input, number);
        if (cost.bytes > bytesMax
                || cost.nanos > CPU_NANOS) { // once, a collection or the compiler may have been charged
            cost = decode(decoder, input, number);
        }
        if (cost.bytes > bytesMax) {
            Assertions.fail(describe("allocated " + cost.bytes + " bytes", input, number));
        }
        if (cost.nanos > CPU_NANOS) {
            Assertions.fail(describe("computed for " + cost.nanos / 1_000_000 + " ms", input, number));
        }
    }

    private record Cost(long bytes, long nanos) {}

    private Cost decode(Decoder<byte[]> decoder, byte[] input, long number) {
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        long nanos = THREADS.getCurrentThreadCpuTime();
        try {
            decoder.decode(input.clone());
        } catch (Throwable thrown) { // also a StackOverflowError is what is looked for
            if (documented.stream().noneMatch(type -> type.isInstance(thrown))) {
                throw new AssertionError(describe("threw " + thrown, input, number), thrown);
            }
        }
        return new Cost(THREADS.getCurrentThreadAllocatedBytes() - bytes, THREADS.getCurrentThreadCpuTime() - nanos);
    }

    private String describe(String what, byte[] input, long number) {
        String hex = HexFormat.of().formatHex(input, 0, Math.min(input.length, SHOWN_BYTES));
        return name + " " + what + " at input " + number + " of -Dringpull.seed=" + SEED + ", " + input.length
                + " bytes: " + hex + "\nas text: "
                + new String(input, 0, Math.min(input.length, SHOWN_BYTES), StandardCharsets.UTF_8);
    }
}
