package ringpull.hash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class Sha256Test {
    /** Every way to hash that there is here. */
    static Stream<Sha256> ways() {
        List<Sha256> ways = new ArrayList<>(List.of(new JavaSha256()));
        if (Sha256.fastest() instanceof NativeSha256 library) {
            ways.add(library);
        }
        return ways.stream();
    }

    @ParameterizedTest
    @MethodSource("ways")
    void givesTheKnownAnswer(Sha256 sha256) {
        byte[] block = new byte[Sha256.BLOCK_BYTES];
        byte[] message = "abc".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(message, 0, block, 0, message.length);
        block[message.length] = (byte) 0x80;
        block[Sha256.BLOCK_BYTES - 1] = (byte) (8 * message.length);
        ByteBuffer value = direct(Sha256.initialValue());

        sha256.compress(value, direct(block), 0, 1, 1);

        assertThat(HexFormat.of().formatHex(bytes(value)))
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    @Test
    void libraryAndJavaGiveTheSameForAnyNumberOfLanes() {
        if (!(Sha256.fastest() instanceof NativeSha256 library)) {
            abort("no libringpull here");
            return;
        }
        Random random = new Random(7);
        for (int lanes = 1; lanes <= 40; lanes++) {
            int blocks = random.nextInt(6);
            int stride = blocks * Sha256.BLOCK_BYTES + random.nextInt(3);
            byte[] data = new byte[(lanes - 1) * stride + blocks * Sha256.BLOCK_BYTES];
            byte[] start = new byte[lanes * Sha256.VALUE_BYTES];
            random.nextBytes(data);
            random.nextBytes(start);
            ByteBuffer fromLibrary = direct(start);
            ByteBuffer fromJava = direct(start);

            library.compress(fromLibrary, direct(data), stride, blocks, lanes);
            new JavaSha256().compress(fromJava, direct(data), stride, blocks, lanes);

            assertThat(fromLibrary).as("%d lanes of %d blocks", lanes, blocks).isEqualTo(fromJava);
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void countsFromThePositionsAndLeavesThemAlone(Sha256 sha256) {
        ByteBuffer values = ByteBuffer.allocateDirect(7 + Sha256.VALUE_BYTES).position(7);
        ByteBuffer data = ByteBuffer.allocateDirect(5 + 2 * Sha256.BLOCK_BYTES).position(5);
        ByteBuffer apart = ByteBuffer.allocateDirect(Sha256.VALUE_BYTES);

        sha256.compress(values, data, 0, 2, 1);
        sha256.compress(apart, ByteBuffer.allocateDirect(2 * Sha256.BLOCK_BYTES), 0, 2, 1);

        assertThat(values).isEqualTo(apart);
        assertThat(List.of(values.position(), data.position())).containsExactly(7, 5);
    }

    @ParameterizedTest
    @MethodSource("ways")
    void refusesWhatItWouldReadOrWriteOutOfBounds(Sha256 sha256) {
        ByteBuffer two = ByteBuffer.allocateDirect(2 * Sha256.VALUE_BYTES);
        ByteBuffer data = ByteBuffer.allocateDirect(2 * Sha256.BLOCK_BYTES);

        assertThatThrownBy(() -> sha256.compress(two, data, 64, 2, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> sha256.compress(two, data, 0, 1, 3)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> sha256.compress(two, data, -64, 1, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> sha256.compress(two, data, 0, Integer.MAX_VALUE, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> sha256.compress(two.asReadOnlyBuffer(), data, 0, 1, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> sha256.compress(ByteBuffer.allocate(64), data, 0, 1, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(buffer.position(), copy);
        return copy;
    }
}
