package ringpull.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.hash.Sha256;

/** Ladders are made, and prove, what {@link MessageDigest} and openssl say. */
class LadderTest {
    private static final int MIB = Chunk.SIZE_BYTES;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    static Stream<Arguments> sizesAndWays() {
        int[] sizes = {0, 1, 55, 56, 63, 64, 65, 119, 1000, MIB - 1, MIB, MIB + 1, 2 * MIB, 17 * MIB + 63, 37 * MIB};
        return IntStream.of(sizes)
                .boxed()
                .flatMap(size -> Stream.of(Arguments.of(size, Sha256.fastest()), Arguments.of(size, Sha256.java())));
    }

    @ParameterizedTest
    @MethodSource("sizesAndWays")
    void isMadeInOrderAndProvesInAnyOrder(int size, Sha256 sha256) throws IOException, ProofFailed {
        byte[] bytes = random(size, size);
        Digest digest = messageDigest(bytes);

        ProvenBlob made = inOddSteps(bytes, digest, sha256);
        assertThat(made.sizeBytes()).isEqualTo(size);

        LadderProof proof = new LadderProof(digest, made.ladder(), sha256);
        Random order = new Random(size);
        try (BlobFile file = file(digest, bytes)) {
            while (proof.provenLinks() < proof.links()) {
                BitSet some = new BitSet();
                IntStream.range(0, proof.links())
                        .filter(link -> !proof.isProven(link) && order.nextInt(3) == 0)
                        .forEach(some::set);
                assertThat(proof.check(file, some)).isEqualTo(new BitSet());
            }
        }
        assertThat(proof.finish().digest()).isEqualTo(digest);
        assertThat(proof.finish().sizeBytes()).isEqualTo(size);
    }

    /** The values themselves, from openssl: SHA-256 of a prefix is the prefix's padding after its chaining value. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void rungsAreTheChainingValuesThatOpensslComesTo(int chunk) throws IOException, InterruptedException, ProofFailed {
        byte[] bytes = random(4 * MIB + 5, 11);
        Ladder ladder =
                inOddSteps(bytes, messageDigest(bytes), Sha256.fastest()).ladder();
        Path prefix = directory.resolve("prefix");
        try (OutputStream out = Files.newOutputStream(prefix)) {
            out.write(bytes, 0, chunk * MIB);
        }

        Digest fromRung = new Chain(Sha256.java(), ladder.rung(chunk), (long) chunk * MIB).finish();

        assertThat(fromRung.hex()).isEqualTo(openssl(prefix));
    }

    @ParameterizedTest
    @MethodSource("waysOnly")
    void aFlippedBitIsFoundInItsChunk(Sha256 sha256) throws IOException, ProofFailed {
        byte[] bytes = random(21 * MIB + 77, 3);
        Digest digest = messageDigest(bytes);
        Ladder ladder = inOddSteps(bytes, digest, sha256).ladder();
        for (int chunk : new int[] {0, 4, 16, 20, 21}) {
            byte[] rotten = bytes.clone();
            rotten[chunk * MIB + 76] ^= 0x10;
            LadderProof proof = new LadderProof(digest, ladder, sha256);
            try (BlobFile file = file(digest, rotten)) {
                assertThat(proof.check(file, all(proof))).isEqualTo(BitSet.valueOf(new long[] {1L << chunk}));
            }
            assertThatThrownBy(proof::finish).isInstanceOf(IllegalStateException.class);
        }
    }

    /** A forger hashes what he likes, and every link of his ladder holds but the one that must end at the digest. */
    @Test
    void aForgedLadderBreaksWhereItMustReachTheDigest() throws IOException, ProofFailed {
        byte[] forged = random(5 * MIB + 1, 4);
        Ladder ladder =
                inOddSteps(forged, messageDigest(forged), Sha256.fastest()).ladder();
        Digest wanted = messageDigest(random(5 * MIB + 1, 5));
        LadderProof proof = new LadderProof(wanted, ladder);
        try (BlobFile file = file(wanted, forged)) {
            assertThat(proof.check(file, all(proof))).isEqualTo(BitSet.valueOf(new long[] {1 << 5}));
        }
        assertThatThrownBy(proof::finish)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("5 of 6 links");
    }

    /** The same, with the break moved to the front: true from rung 3 on, false before. */
    @Test
    void aForgedFrontBreaksWhereItMeetsTheTruth() throws IOException, ProofFailed {
        byte[] right = random(6 * MIB, 6);
        byte[] forged = random(3 * MIB, 7);
        byte[] mixed = right.clone();
        System.arraycopy(forged, 0, mixed, 0, forged.length);
        Digest wanted = messageDigest(right);
        byte[] page = inOddSteps(right, wanted, Sha256.fastest()).ladder().page(0);
        byte[] falsePage = inOddSteps(mixed, messageDigest(mixed), Sha256.fastest())
                .ladder()
                .page(0);
        System.arraycopy(falsePage, 0, page, 0, 2 * Sha256.VALUE_BYTES);
        LadderProof proof = new LadderProof(wanted, new Ladder(right.length, List.of(page)));
        try (BlobFile file = file(wanted, mixed)) {
            assertThat(proof.check(file, all(proof))).isEqualTo(BitSet.valueOf(new long[] {1 << 2}));
        }
    }

    @Test
    void aFileThatIsTooShortIsNoFindingAboutItsChunks() throws IOException, ProofFailed {
        byte[] bytes = random(3 * MIB, 8);
        Digest digest = messageDigest(bytes);
        LadderProof proof = new LadderProof(
                digest, inOddSteps(bytes, digest, Sha256.fastest()).ladder());
        Path path = directory.resolve("short");
        Files.write(path, random(2 * MIB + 9, 8));
        try (BlobFile file = new BlobFile(digest, bytes.length, FileChannel.open(path))) {
            assertThatThrownBy(() -> proof.check(file, all(proof)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("ends at byte");
        }
        assertThat(proof.provenLinks()).isZero();
    }

    @Test
    void aLadderOfAnotherLengthIsRefused() {
        assertThat(new Ladder(MIB, List.of()).sizeBytes()).isEqualTo(MIB);
        assertThatThrownBy(() -> new Ladder(MIB + 1, List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Ladder(MIB, List.of(new byte[32]))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Ladder(3 * MIB, List.of(new byte[63])))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Ladder(Chunk.BLOB_BYTES_MAX + 1, List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void pagesGoOutAndComeBack() throws IOException, ProofFailed {
        long size = (Ladder.PAGE_RUNGS + 2L) * MIB;
        assertThat(Ladder.pageCount(size)).isEqualTo(2);
        assertThat(Ladder.pageBytes(0, size)).isEqualTo(Ladder.PAGE_BYTES);
        assertThat(Ladder.pageBytes(1, size)).isEqualTo(Sha256.VALUE_BYTES);
        byte[] mib = random(MIB, 9);
        Digest digest = repeated(mib, Ladder.PAGE_RUNGS + 2);
        Proof maker = new Proof(digest);
        for (int i = 0; i < Ladder.PAGE_RUNGS + 2; i++) {
            maker.update(ByteBuffer.wrap(mib));
        }
        Ladder ladder = maker.finish().ladder();
        List<byte[]> pages = new ArrayList<>(List.of(ladder.page(0), ladder.page(1)));

        Ladder back = new Ladder(size, pages);
        pages.getFirst()[0] ^= 1;

        assertThat(back.page(0)).isEqualTo(ladder.page(0));
        assertThat(back.rung(Ladder.PAGE_RUNGS + 1)).isEqualTo(pages.get(1));
    }

    @Test
    void bytesThatAreNotTheBlobAreRefused() {
        byte[] bytes = random(1000, 10);
        assertThatThrownBy(() -> inOddSteps(bytes, messageDigest(random(1000, 11)), Sha256.fastest()))
                .isInstanceOf(ProofFailed.class);
    }

    static Stream<Sha256> waysOnly() {
        return Stream.of(Sha256.fastest(), Sha256.java());
    }

    /** From heap and direct buffers in turn, in steps that no block ends with. */
    private static ProvenBlob inOddSteps(byte[] bytes, Digest digest, Sha256 sha256) throws ProofFailed {
        Proof proof = new Proof(digest, new Rungs(), sha256);
        Random random = new Random(bytes.length);
        int at = 0;
        while (at < bytes.length) {
            int length = Math.min(bytes.length - at, random.nextInt(random.nextBoolean() ? 200 : 3 * MIB));
            ByteBuffer step = random.nextBoolean()
                    ? ByteBuffer.wrap(bytes, at, length)
                    : ByteBuffer.allocateDirect(length).put(bytes, at, length).flip();
            proof.update(step);
            assertThat(step.remaining()).isZero();
            at += length;
            assertThat(proof.hashedBytes()).isEqualTo(at);
        }
        return proof.finish();
    }

    private static BitSet all(LadderProof proof) {
        BitSet all = new BitSet();
        all.set(0, proof.links());
        return all;
    }

    private BlobFile file(Digest digest, byte[] bytes) throws IOException {
        Path path = Files.write(directory.resolve("blob"), bytes);
        return new BlobFile(digest, bytes.length, FileChannel.open(path));
    }

    private static byte[] random(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static Digest messageDigest(byte[] bytes) {
        return repeated(bytes, 1);
    }

    private static Digest repeated(byte[] bytes, int times) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            for (int i = 0; i < times; i++) {
                sha256.update(bytes);
            }
            return Digest.ofBytes(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static String openssl(Path file) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("openssl", "dgst", "-sha256", "-r", file.toString()).start();
        String line = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return line.substring(0, 64);
    }
}
