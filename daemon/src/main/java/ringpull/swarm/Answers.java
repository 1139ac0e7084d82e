package ringpull.swarm;

import java.time.Duration;
import java.util.Optional;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.blob.Repository;

/**
 * What a home tells at once, without a swarm: what a tag means, manifests, and small blobs. Asked of a home it is the way to it; offered
 * by a member it is what that one knows or finds out at the origin. Blocking, for virtual threads.
 */
public interface Answers {
    /** The largest manifest that is told. */
    int INLINE_BYTES = 1 << 20;

    /** The largest config or layer that is told. */
    int SMALL_BYTES = 64 << 10;

    /** Nobody to ask. */
    Answers NONE = new Answers() {
        @Override
        public Meaning tag(ImageName tag, Duration within) {
            return Unsaid.UNKNOWN;
        }

        @Override
        public Optional<Recalled> recall(ImageName tag) {
            return Optional.empty();
        }

        @Override
        public Optional<Inline> manifest(Digest digest, Repository repository) {
            return Optional.empty();
        }
    };

    /** What a home says of a tag. */
    sealed interface Meaning {}

    /** What a tag meant less than a second ago. */
    record Tag(Digest digest, String mediaType, long sizeBytes) implements Meaning {}

    /** Why a home does not say what a tag means. */
    enum Unsaid implements Meaning {
        /** It waits for the origin: another question there would only be one more. */
        ASKING,
        /** The origin wants not to be asked now. */
        BUSY,
        /** There is none: the origin said so less than a second ago. */
        ABSENT,
        /** It is not there, or could not find out, which others may. */
        UNKNOWN
    }

    /**
     * What a tag meant when its origin was last asked.
     *
     * @param age since the origin said so
     * @param member name of the member that knows; empty: this node
     */
    record Recalled(Tag tag, Duration age, String member) {}

    /** The bytes of a manifest or a small blob, which nobody has proven for the asker. */
    @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
    record Inline(byte[] bytes, String mediaType) {}

    /** @param within how long to wait for the origin's answer; a home that says nothing at all is given up in any case */
    Meaning tag(ImageName tag, Duration within) throws InterruptedException;

    /** What the origin last said, while it cannot be asked; the latest that is known. Empty if nothing is, or it is not told. */
    Optional<Recalled> recall(ImageName tag) throws InterruptedException;

    /** Empty if it does not have it, or it is too large. */
    Optional<Inline> manifest(Digest digest, Repository repository) throws InterruptedException;

    /** A config or layer. Empty if it does not have it, it is too large, or it has told enough for now. */
    default Optional<Inline> small(Digest digest, Repository repository) throws InterruptedException {
        return Optional.empty();
    }
}
