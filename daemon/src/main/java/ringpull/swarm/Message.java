package ringpull.swarm;

import java.util.List;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** What members of a swarm tell each other. All are one-way, may be lost, and are said again where that matters. */
public sealed interface Message {
    /**
     * Everything a home needs to know of a puller: its registration, its progress and its wish for work in one.
     *
     * @param scope the rack whose home is meant; empty for the blob's home
     * @param puller who reports, whoever passes it on; {@code rack} is its rack
     * @param hops members that have passed it on
     * @param nonce grows with every report
     * @param source {@code registry/repository}; empty: it can bring nothing from the origin
     * @param sizeBytes of the blob, -1 if not known
     * @param held chunks that it can serve
     * @param have at most {@link SwarmLimits#RANGES} runs of them, true but not all of them
     * @param leases what it holds
     * @param ended leases that it holds no more
     * @param slots leases that it would take
     * @param neighbours that it exchanges chunks with
     * @param veteran whether a home has known it before
     * @param trouble what the origin said to it last
     * @param pauseNanos how long the origin wants to be left alone
     * @param contacts members that others may exchange chunks with: the puller itself, or some of its rack
     * @param silent members before the receiver in rank that did not answer
     */
    record Report(
            Digest digest,
            String scope,
            MemberId puller,
            String rack,
            int hops,
            long nonce,
            String source,
            long sizeBytes,
            int held,
            List<Run> have,
            List<Lease> leases,
            List<Long> ended,
            int slots,
            int neighbours,
            boolean veteran,
            Trouble trouble,
            long pauseNanos,
            List<MemberId> contacts,
            List<MemberId> silent)
            implements Message {
        Report onward() {
            return new Report(
                    digest,
                    scope,
                    puller,
                    rack,
                    hops + 1,
                    nonce,
                    source,
                    sizeBytes,
                    held,
                    have,
                    leases,
                    ended,
                    slots,
                    neighbours,
                    veteran,
                    trouble,
                    pauseNanos,
                    contacts,
                    silent);
        }
    }

    /** What an origin said. */
    enum Trouble {
        NONE,
        /** It wants fewer requests, or fails in a way that passes. */
        BUSY,
        /** It will never give this blob to this member. */
        REFUSED
    }

    /**
     * A home's whole answer to the newest report that it has.
     *
     * @param leases all that the puller holds now, old and new
     * @param neighbours for the mesh; none if it has enough
     * @param pullers that this home knows
     * @param reportNanos until the next report, unless something happens
     * @param asked runs of which the home wants to know exactly who has them
     * @param abroad for a rack's home: runs that other racks have
     * @param hopeless several members asked the origin in vain
     */
    record Grant(
            Digest digest,
            String scope,
            long nonce,
            long sizeBytes,
            List<Lease> leases,
            List<MemberId> neighbours,
            int pullers,
            long reportNanos,
            List<Run> asked,
            List<Run> abroad,
            boolean hopeless)
            implements Message {}

    /**
     * Opens an exchange between neighbours with everything that the sender has.
     *
     * @param reply whether to say the same in return
     */
    record Hello(Digest digest, boolean reply, List<Run> have, List<Statement> statements) implements Message {}

    /** More that the sender has and can serve. */
    record Have(Digest digest, List<Run> runs, List<Statement> statements) implements Message {}

    /**
     * The sender is no neighbour.
     *
     * @param gone it takes no part any more; else it only has no room
     */
    record Bye(Digest digest, boolean gone) implements Message {}

    /** Asks whether {@code target} answers: it itself, or another member who then asks it. */
    record Probe(MemberId target, MemberId asker, long nonce) implements Message {}

    /** {@code target} answered. */
    record Alive(MemberId target, MemberId asker, long nonce) implements Message {}

    /**
     * A blob's home asks the registry's home for streams.
     *
     * @param registry host and port as references write it
     * @param streams that it has use for, 0: none any more
     * @param pauseNanos how long the registry wants to be left alone
     */
    record Need(String registry, Digest digest, int streams, long pauseNanos, int hops, MemberId home)
            implements Message {}

    /** The answer to {@link Need}, and said again when it changes. */
    record Allow(String registry, Digest digest, int streams, long pauseNanos) implements Message {}
}
