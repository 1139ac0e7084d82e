package ringpull.transport.tcp;

import java.util.Optional;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import ringpull.blob.ByteRange;
import ringpull.fuzz.Fuzz;

/** What peers may send to the data port, after Netty has taken the HTTP apart. */
class WireFuzzTest {
    @Test
    void paths() {
        new Fuzz("Wire.blob")
                .with("/v1/blobs/sha256:" + "0123456789abcdef".repeat(4), "/v2/", "/v1/blobs/")
                .texts(Wire::blob);
    }

    @Test
    void nonces() {
        new Fuzz("Wire.nonce")
                .with("0123456789abcdef".repeat(2), "0123456789abcdef".repeat(4))
                .texts(Wire::parseNonce);
    }

    @Test
    void ranges() {
        new Fuzz("Wire.range")
                .with("bytes=0-0", "bytes=1048576-2097151", "bytes=0-9999999999999")
                .texts(text -> {
                    Optional<ByteRange> range = Wire.parseRange(text);
                    range.ifPresent(found -> {
                        Assertions.assertThat(found.length()).isPositive();
                        Assertions.assertThat(Wire.parseRange(Wire.range(found)))
                                .contains(found);
                    });
                    Wire.isContentRange(text, new ByteRange(0, 1));
                });
    }
}
