package ringpull.blame;

import java.util.Optional;
import ringpull.blob.Digest;
import ringpull.ring.LadderWord;
import ringpull.ring.MemberId;
import ringpull.swarm.Statement;

/** Something that this node itself has seen go wrong. */
public sealed interface Fault {
    /** How bytes came. */
    enum Channel {
        /** Nobody between the two members could change them. */
        TLS,
        /** Whoever is between the two members could have changed them. */
        PLAIN
    }

    /**
     * A member delivered a chunk that is not what was said of it.
     *
     * @param proven whether that follows from the proven blob; else from a claim that may be false itself
     */
    record WrongChunk(MemberId from, Digest digest, int chunk, Channel channel, boolean proven) implements Fault {}

    /** The same chunk was read from the same member again, over TLS. */
    record ReadAgain(MemberId from, Digest digest, int chunk, boolean right, boolean proven) implements Fault {}

    /**
     * A member signed what a blob that is proven refutes.
     *
     * @param right the hash of that chunk of the proven blob
     */
    record FalseStatement(Digest digest, int chunk, Statement statement, Digest right) implements Fault {}

    /** A member gave other bytes, or another ladder, than the proven blob has. */
    record FalseLadder(MemberId from, Digest digest) implements Fault {}

    /**
     * A member signed a ladder that the proven blob refutes.
     *
     * @param right the hash of the same rungs of the proven blob; empty: it has not so many
     */
    record FalseWord(Digest digest, LadderWord word, Optional<Digest> right) implements Fault {}

    /** A member passed on a statement that nobody has made. */
    record ForgedStatement(MemberId from, Digest digest, String why) implements Fault {}

    /** What the origin sent to this node is not the blob. */
    record OriginWrong(Digest digest) implements Fault {}
}
