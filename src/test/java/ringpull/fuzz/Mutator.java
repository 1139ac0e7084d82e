package ringpull.fuzz;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Makes hostile inputs out of good ones. The same number gives the same input. */
final class Mutator {
    private static final int MUTATIONS_MAX = 6;
    private static final long[] NUMBERS = {
        0,
        1,
        -1,
        127,
        128,
        255,
        256,
        32_767,
        65_535,
        65_536,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        1L << 32,
        1L << 53,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };
    private static final String CHARACTERS = "\0\t\n\r \"#%&'()*+,-./0129:;<=>?@AZ[\\]_az{|}~\u007f\u00e9\ud83d\ude00";

    private final List<byte[]> corpus;
    private final int longest;
    private final SplittableRandom random;

    Mutator(List<byte[]> corpus, int longest, long number) {
        this.corpus = corpus;
        this.longest = longest;
        random = new SplittableRandom(number);
    }

    byte[] next() {
        if (random.nextInt(50) == 0) {
            byte[] noise = new byte[random.nextInt(512)];
            random.nextBytes(noise);
            return noise;
        }
        byte[] input = good();
        for (int left = 1 + random.nextInt(MUTATIONS_MAX); left > 0; left--) {
            input = mutate(input);
        }
        return input;
    }

    private byte[] good() {
        return corpus.get(random.nextInt(corpus.size())).clone();
    }

    private byte[] mutate(byte[] in) {
        int at = random.nextInt(in.length + 1);
        int end = at + random.nextInt(1 + Math.min(in.length - at, random.nextInt(4) == 0 ? in.length : 16));
        return switch (random.nextInt(10)) {
            case 0, 1 -> flipped(in, at);
            case 2 -> spliced(in, at, end, new byte[0]);
            case 3 -> spliced(in, at, at, Arrays.copyOfRange(in, at, end));
            case 4 -> repeated(in, at, end);
            case 5 -> Arrays.copyOf(in, at);
            case 6 -> spliced(in, at, Math.min(in.length, at + 8), number());
            case 7 -> spliced(in, at, end, characters());
            case 8 -> crossed(in, at, end);
            default -> spliced(in, at, Math.min(in.length, at + 1), new byte[] {(byte) random.nextInt()});
        };
    }

    private byte[] flipped(byte[] in, int at) {
        if (at < in.length) {
            in[at] ^= (byte) (1 << random.nextInt(8));
        }
        return in;
    }

    private byte[] repeated(byte[] in, int at, int end) {
        int length = Math.max(1, end - at);
        int times = 1 << random.nextInt(1 + (int) Math.max(1, Math.log((double) longest / length) / Math.log(2)));
        byte[] slice = Arrays.copyOfRange(in, at, end);
        ByteBuffer many = ByteBuffer.allocate(slice.length * times);
        while (many.hasRemaining()) {
            many.put(slice);
        }
        return spliced(in, at, end, many.array());
    }

    private byte[] number() {
        long number = NUMBERS[random.nextInt(NUMBERS.length)];
        return random.nextBoolean()
                ? Long.toString(number).getBytes(StandardCharsets.US_ASCII)
                : ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }

    private byte[] characters() {
        StringBuilder text = new StringBuilder();
        for (int left = 1 + random.nextInt(4); left > 0; left--) {
            text.append(CHARACTERS.charAt(random.nextInt(CHARACTERS.length())));
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private byte[] crossed(byte[] in, int at, int end) {
        byte[] other = good();
        int from = random.nextInt(other.length + 1);
        return spliced(in, at, end, Arrays.copyOfRange(other, from, from + random.nextInt(1 + other.length - from)));
    }

    private byte[] spliced(byte[] in, int at, int end, byte[] between) {
        int length = in.length - (end - at) + between.length;
        if (length > Math.max(longest, in.length)) {
            return in;
        }
        ByteBuffer out = ByteBuffer.allocate(length);
        out.put(in, 0, at).put(between).put(in, end, in.length - end);
        return out.array();
    }
}
