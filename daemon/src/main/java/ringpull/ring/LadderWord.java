package ringpull.ring;

import java.nio.charset.StandardCharsets;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;

/**
 * A member's word for a part of a blob's ladder, which binds it: the proven blob shows whether it is true. It names no size,
 * since the digest has only one: so nobody can be led to sign what is false by asking for another.
 *
 * @param epoch of the signer's boot
 * @param firstPage where the part begins
 * @param rungs how many it has
 * @param hash the SHA-256 of their bytes
 * @param certificates the signer's in DER, then what leads to an authority; Base64
 * @param signature by the signer's key; Base64
 */
public record LadderWord(
        MemberId signer, long epoch, int firstPage, int rungs, Digest hash, String certificates, String signature) {
    /** What else a key may sign begins with other words. */
    private static final String DOMAIN = "ringpull/ladder/1";

    /**
     * What is signed: a line each, the last one the ring's name.
     *
     * @param cluster the name of the ring
     */
    public static byte[] content(
            String cluster, Digest digest, MemberId signer, long epoch, int firstPage, int rungs, Digest hash) {
        return String.join(
                        "\n",
                        DOMAIN,
                        digest.toString(),
                        signer.hex(),
                        Long.toString(epoch),
                        Integer.toString(firstPage),
                        Integer.toString(rungs),
                        hash.toString(),
                        cluster)
                .getBytes(StandardCharsets.UTF_8);
    }

    /** Whether it is true of the blob with this ladder. */
    public boolean isOf(Ladder ladder) {
        return ladder.hash(firstPage, rungs).filter(hash::equals).isPresent();
    }
}
