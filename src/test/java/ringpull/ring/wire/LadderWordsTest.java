package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.ring.LadderWord;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.tls.PeerTls;
import ringpull.tls.TestCertificates;
import ringpull.v1.LadderPart;

/** A part of a ladder binds who sent it only as it was signed: by that member, in its present boot, about this blob. */
class LadderWordsTest {
    private static final Digest BLOB = Digest.parse("sha256:" + "ab".repeat(32));
    private static final Digest OTHER = Digest.parse("sha256:" + "cd".repeat(32));
    private static final int FIRST_PAGE = 4;
    private static final long EPOCH = 1_000;
    private static final byte[] RUNGS = new byte[3 * 32];

    @TempDir
    Path temp;

    private PeerTls alice;
    private PeerTls bob;

    @BeforeEach
    void certificates() throws IOException {
        TestCertificates authority = new TestCertificates(temp, "ca");
        alice = PeerTls.of(authority.member("alice"));
        bob = PeerTls.of(authority.member("bob"));
        Arrays.fill(RUNGS, (byte) 7);
    }

    private static MemberId id(PeerTls member) {
        return new MemberId(member.identity().memberId());
    }

    private static Member member(PeerTls tls, long epoch) {
        return new Member(id(tls), epoch, "m", List.of("127.0.0.1"), 1, 1, "", "", List.of());
    }

    private static LadderWords words(PeerTls member, String cluster) {
        return new LadderWords(cluster, id(member), EPOCH, Optional.of(member.keys()));
    }

    private LadderPart made() {
        return words(alice, "test").sign(BLOB, FIRST_PAGE, ByteString.copyFrom(RUNGS));
    }

    private Optional<LadderWord> asBobSees(Member by, Digest digest, int firstPage, LadderPart part) {
        return words(bob, "test").check(by, digest, firstPage, part);
    }

    @Test
    void whatIsSignedIsTheMembersWord() {
        LadderWord word =
                asBobSees(member(alice, EPOCH), BLOB, FIRST_PAGE, made()).orElseThrow();

        assertThat(word.signer()).isEqualTo(id(alice));
        assertThat(word.rungs()).isEqualTo(3);
        Ladder right = ladder(FIRST_PAGE * Ladder.PAGE_RUNGS + 3, (byte) 7);
        assertThat(word.isOf(right)).isTrue();
        assertThat(word.isOf(ladder(FIRST_PAGE * Ladder.PAGE_RUNGS + 3, (byte) 8)))
                .isFalse();
        assertThat(word.isOf(ladder(FIRST_PAGE * Ladder.PAGE_RUNGS + 2, (byte) 7)))
                .as("of a blob that has not so many")
                .isFalse();
    }

    @Test
    void whateverIsChangedItBindsNobody() {
        Member by = member(alice, EPOCH);
        LadderPart part = made();
        byte[] others = RUNGS.clone();
        others[40] ^= 1;

        assertThat(asBobSees(by, OTHER, FIRST_PAGE, part)).isEmpty();
        assertThat(asBobSees(by, BLOB, FIRST_PAGE + 4, part)).isEmpty();
        assertThat(asBobSees(member(alice, EPOCH + 1), BLOB, FIRST_PAGE, part)).isEmpty();
        assertThat(asBobSees(member(bob, EPOCH), BLOB, FIRST_PAGE, part)).isEmpty();
        assertThat(asBobSees(
                        by,
                        BLOB,
                        FIRST_PAGE,
                        part.toBuilder().setRungs(ByteString.copyFrom(others)).build()))
                .isEmpty();
        assertThat(asBobSees(
                        by,
                        BLOB,
                        FIRST_PAGE,
                        part.toBuilder().setEpoch(EPOCH + 1).build()))
                .isEmpty();
        assertThat(asBobSees(by, BLOB, FIRST_PAGE, words(alice, "lab").sign(BLOB, FIRST_PAGE, part.getRungs())))
                .as("of another ring")
                .isEmpty();
        assertThat(asBobSees(by, BLOB, FIRST_PAGE, words(bob, "test").sign(BLOB, FIRST_PAGE, part.getRungs())))
                .as("by another's key")
                .isEmpty();
    }

    @Test
    void bytesThatAreNoSignatureBindNobody() {
        Member by = member(alice, EPOCH);
        for (ByteString bytes : List.of(ByteString.EMPTY, ByteString.copyFrom(new byte[70]))) {
            assertThat(asBobSees(
                            by,
                            BLOB,
                            FIRST_PAGE,
                            made().toBuilder().setSignature(bytes).build()))
                    .isEmpty();
            assertThat(asBobSees(
                            by,
                            BLOB,
                            FIRST_PAGE,
                            made().toBuilder().setCertificates(bytes).build()))
                    .isEmpty();
        }
    }

    private static Ladder ladder(int rungs, byte value) {
        long size = (rungs + 1L) * Chunk.SIZE_BYTES;
        List<byte[]> pages = new ArrayList<>();
        for (int page = 0; page < Ladder.pageCount(size); page++) {
            byte[] bytes = new byte[Ladder.pageBytes(page, size)];
            Arrays.fill(bytes, value);
            pages.add(bytes);
        }
        return new Ladder(size, pages);
    }
}
