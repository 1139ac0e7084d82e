package ringpull.fetch;

import java.util.Optional;
import ringpull.blob.Digest;
import ringpull.ring.Member;

/** Reads a chunk from a member again, over TLS, when it may have been changed on its way. For any thread. */
public interface SecondReading {
    /** Where there is no TLS. */
    SecondReading NONE = new SecondReading() {
        @Override
        public boolean isPlain(Member member) {
            return false;
        }

        @Override
        public Optional<byte[]> read(Member member, Digest digest, int chunk) {
            return Optional.empty();
        }
    };

    /** Whether chunks of this member come on a way where others could change them, and there is one where they could not. */
    boolean isPlain(Member member);

    /** The chunk's bytes, which nobody has changed since the member sent them; empty if it does not give them. */
    Optional<byte[]> read(Member member, Digest digest, int chunk) throws InterruptedException;
}
