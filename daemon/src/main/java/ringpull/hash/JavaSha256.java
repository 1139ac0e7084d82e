package ringpull.hash;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The same in plain Java, for hosts without libringpull. */
final class JavaSha256 implements Sha256 {
    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN)
            .withInvokeExactBehavior();

    private static final int ROUNDS = 64;
    private static final int WORDS = 8;

    /** FIPS 180-4, section 4.2.2. */
    private static final int[] K = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
    };

    @Override
    public String name() {
        return "java";
    }

    @Override
    public void compress(ByteBuffer values, ByteBuffer data, int stride, int blocks, int lanes) {
        Bounds.check(values, data, stride, blocks, lanes);
        int[] state = new int[WORDS];
        int[] schedule = new int[ROUNDS];
        for (int lane = 0; lane < lanes; lane++) {
            int value = values.position() + lane * VALUE_BYTES;
            for (int i = 0; i < WORDS; i++) {
                state[i] = (int) INT.get(values, value + i * Integer.BYTES);
            }
            int block = data.position() + lane * stride;
            for (int i = 0; i < blocks; i++) {
                expand(data, block + i * BLOCK_BYTES, schedule);
                rounds(state, schedule);
            }
            for (int i = 0; i < WORDS; i++) {
                INT.set(values, value + i * Integer.BYTES, state[i]);
            }
        }
    }

    private static void expand(ByteBuffer data, int block, int[] w) {
        for (int t = 0; t < 16; t++) {
            w[t] = (int) INT.get(data, block + t * Integer.BYTES);
        }
        for (int t = 16; t < ROUNDS; t++) {
            int w15 = w[t - 15];
            int w2 = w[t - 2];
            int s0 = Integer.rotateRight(w15, 7) ^ Integer.rotateRight(w15, 18) ^ w15 >>> 3;
            int s1 = Integer.rotateRight(w2, 17) ^ Integer.rotateRight(w2, 19) ^ w2 >>> 10;
            w[t] = w[t - 16] + s0 + w[t - 7] + s1;
        }
    }

    private static void rounds(int[] state, int[] w) {
        int a = state[0];
        int b = state[1];
        int c = state[2];
        int d = state[3];
        int e = state[4];
        int f = state[5];
        int g = state[6];
        int h = state[7];
        for (int t = 0; t < ROUNDS; t++) {
            int sum1 = Integer.rotateRight(e, 6) ^ Integer.rotateRight(e, 11) ^ Integer.rotateRight(e, 25);
            int t1 = h + sum1 + (g ^ (e & (f ^ g))) + K[t] + w[t];
            int sum0 = Integer.rotateRight(a, 2) ^ Integer.rotateRight(a, 13) ^ Integer.rotateRight(a, 22);
            int t2 = sum0 + ((a & b) | (c & (a | b)));
            h = g;
            g = f;
            f = e;
            e = d + t1;
            d = c;
            c = b;
            b = a;
            a = t1 + t2;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}
