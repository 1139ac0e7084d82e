package ringpull.ring;

import java.nio.ByteBuffer;
import ringpull.blob.Digest;

/** Well mixed 64-bit names of members and blobs; every release and every node makes the same. */
final class Fingerprint {
    private Fingerprint() {}

    /** A bijection in which each bit of the input changes half of the output's. */
    static long mix(long bits) {
        long x = bits + 0x9e3779b97f4a7c15L;
        x = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
        x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
        return x ^ (x >>> 31);
    }

    static long of(MemberId id) {
        long high = Long.parseUnsignedLong(id.hex(), 0, 16, 16);
        long low = Long.parseUnsignedLong(id.hex(), 16, 32, 16);
        return mix(high ^ mix(low));
    }

    static long of(Digest digest) {
        ByteBuffer bytes = ByteBuffer.wrap(digest.bytes());
        long print = 0;
        while (bytes.hasRemaining()) {
            print = mix(print ^ bytes.getLong());
        }
        return print;
    }
}
