package ringpull.swarm;

import java.util.concurrent.TimeUnit;

/** The most of everything, and the times that the protocol works with. */
public final class SwarmLimits {
    /** Ranges that a report or a grant names; never a bitmap. */
    public static final int RANGES = 64;

    /** Leases in one message, and leases that one puller holds. */
    public static final int LEASES = 64;

    /** Neighbours that a grant names. */
    public static final int NAMED = 32;

    /** Runs in one {@link Message.Have}; more take another message. */
    public static final int RUNS = 1_024;

    /** Statements in one {@link Message.Have}. */
    public static final int STATEMENTS = 128;

    public static final int STATEMENT_CHUNKS = 64;

    public static final int SIGNATURE_BYTES = 1_024;

    /** Of a signer's certificate and what leads from it to an authority. */
    public static final int CERTIFICATES_BYTES = 16 << 10;

    /** Members that a report says did not answer. */
    public static final int SILENT = 4;

    /** Members between a puller and the home that its report reaches. */
    public static final int HOPS = 3;

    /** Streams that the whole ring keeps open to the origin for one blob, and to one registry. */
    public static final int BLOB_STREAMS = 16;

    public static final int REGISTRY_STREAMS = 64;

    /** Characters of {@code registry/repository}. */
    public static final int SOURCE_CHARS = 512;

    /** Chunks of a run that a home leases: the most. */
    static final int LEASE_CHUNKS = 64;

    /** Chunks of the first lease, which finds out the blob's size. */
    static final int OPENING_CHUNKS = 8;

    /** Pullers of one blob that a home knows. */
    static final int CLIENTS = 20_000;

    /** Blobs that this member is a home of, and blobs that it pulls. */
    static final int HOMES = 4_096;

    /** Neighbours that a puller looks for, and that it keeps. */
    static final int MESH_WANTED = 32;

    static final int MESH_MOST = 64;

    static final long MILLIS = TimeUnit.MILLISECONDS.toNanos(1);
    static final long SECONDS = TimeUnit.SECONDS.toNanos(1);
    static final long NEVER = Long.MAX_VALUE / 2;

    /** How long a report may go without an answer. */
    static final long ANSWER = 1_000 * MILLIS;

    /** How often those that hold leases report, and all others at least. */
    static final long REPORT_LEAST = 500 * MILLIS;

    static final long REPORT_MOST = 10 * SECONDS;

    /** How long a lease may stand still. */
    static final long LEASE_STILL = 4 * SECONDS;

    /** How long a holder of leases may be silent. */
    static final long HOLDER_SILENT = 6 * SECONDS;

    /** How long a read from a neighbour may stand still. */
    static final long READ_STILL = 3 * SECONDS;

    /** How long a read from another rack, and the lease that it serves, may stand still: to begin anew is dear there. */
    static final long ABROAD_STILL = 12 * SECONDS;

    /** How long a member that has all of a blob goes on as a neighbour, and a home without pullers as a home. */
    static final long LINGER = 30 * SECONDS;

    /** The longest that presence waits for company in a message; where neighbours are many, a chunk is to spread sooner. */
    static final long ANNOUNCE = 50 * MILLIS;

    static final long ANNOUNCE_TO_FEW = 100 * MILLIS;

    /** How long a puller looks for a home before it goes alone. */
    static final long HOMELESS = 4 * SECONDS;

    /** How long a probe of a silent home may take. */
    static final long PROBE = 1_000 * MILLIS;

    /** How long a home that was found dead by own probes is taken for dead. */
    static final long TAKEN_OVER = 15 * SECONDS;

    /** The longest pause that an origin's Retry-After makes. */
    static final long PAUSE_MOST = 60 * SECONDS;

    private SwarmLimits() {}
}
