package ringpull.swarm;

import ringpull.ring.MemberId;

/** A member that exchanges chunks of one blob with this one. */
final class Neighbour {
    final MemberId id;
    final ChunkBits has;

    /** In another rack: only what this member was told to bring from there is read from it. */
    final boolean abroad;

    /** Chunks asked for and not here yet. */
    int inFlight;

    /** It has nothing that we lack, as of the last look. */
    boolean dry;

    /** It has heard what we have. */
    boolean greeted;

    /** When it last said or sent something. */
    long heardAt;

    long restsUntil;

    /** How often it was too busy, since it last was not. */
    int refusals;

    Neighbour(MemberId id, ChunkBits has, boolean abroad, long now) {
        this.id = id;
        this.has = has;
        this.abroad = abroad;
        this.heardAt = now;
    }
}
