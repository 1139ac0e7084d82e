package ringpull.ring;

import java.util.List;
import java.util.Optional;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;

/** The ladders that other members keep of their blobs. */
public interface Ladders {
    /** Nobody offers any. */
    Ladders NONE = (member, digest, sizeBytes) -> Optional.empty();

    /**
     * What a member said.
     *
     * @param words its signatures for all parts; none: it is bound by nothing
     */
    record Told(Ladder ladder, List<LadderWord> words) {
        public Told {
            words = List.copyOf(words);
        }

        /** Whether it is the member's word, to be held against it. Only then two ladders are two members' words. */
        public boolean isSigned() {
            return !words.isEmpty();
        }
    }

    /**
     * Asks a member for a ladder; a claim until it is proven. Empty if it has none, or does not answer in time. Blocks: call
     * it on a virtual thread.
     */
    Optional<Told> of(Member member, Digest digest, long sizeBytes) throws InterruptedException;
}
