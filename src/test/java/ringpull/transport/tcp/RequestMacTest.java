package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.session.Session;

/** The proofs of requests. */
class RequestMacTest {
    /** The expected values were computed by another program, from the description in {@link Wire}. */
    @Test
    void proofsAreAsTheWireDescriptionSays() {
        byte[] secret = new byte[32];
        byte[] nonce = new byte[16];
        for (int i = 0; i < 32; i++) {
            secret[i] = (byte) i;
            nonce[i / 2] = (byte) (100 + i / 2);
        }
        Digest blob = Digest.parse("sha256:442e67a2e7ba4b0e85cff86c0a9dd1e5753fc14099dd1bc5f55f7656bf788742");
        RequestMac mac = new RequestMac(
                Session.of(new byte[16], secret, Duration.ofSeconds(1)).secret(), nonce);

        assertThat(mac.next(blob, new ByteRange(0, 1 << 20)))
                .isEqualTo("561a14641cc5c2f592734aca616fa6d78935dbf120830b6048e9592aae93285b");
        assertThat(mac.next(blob, new ByteRange(4_398_046_511_103L, 1)))
                .isEqualTo("662df0d12b0790c5336248678179cd28f937d73f57daccc021ac8419e67415ab");
    }
}
