package ringpull.swarm;

import java.util.List;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;

/** A report of a puller that wants nothing and has nothing, until it is said otherwise. */
final class TestReport {
    private final Digest digest;
    private final MemberId puller;
    private int hops;
    private long nonce = 1;
    private String source = "";
    private long sizeBytes = -1;
    private List<Run> have = List.of();
    private List<Lease> leases = List.of();
    private int slots;
    private Message.Trouble trouble = Message.Trouble.NONE;
    private long pauseNanos;
    private List<MemberId> silent = List.of();

    private TestReport(Digest digest, MemberId puller) {
        this.digest = digest;
        this.puller = puller;
    }

    static TestReport of(Digest digest, MemberId puller) {
        return new TestReport(digest, puller);
    }

    TestReport hops(int passed) {
        hops = passed;
        return this;
    }

    TestReport nonce(long number) {
        nonce = number;
        return this;
    }

    TestReport chunks(int count) {
        sizeBytes = (long) count * Chunk.SIZE_BYTES;
        return this;
    }

    TestReport have(Run run) {
        have = List.of(run);
        return this;
    }

    TestReport holds(List<Lease> granted) {
        leases = granted;
        return this;
    }

    /** It would read from this origin. */
    TestReport wants(String origin, int streams) {
        source = origin;
        slots = streams;
        return this;
    }

    TestReport busy(long nanos) {
        trouble = Message.Trouble.BUSY;
        pauseNanos = nanos;
        return this;
    }

    TestReport silent(MemberId member) {
        silent = List.of(member);
        return this;
    }

    Message.Report build() {
        return new Message.Report(
                digest,
                "",
                puller,
                "",
                hops,
                nonce,
                source,
                sizeBytes,
                have.stream().mapToInt(Run::count).sum(),
                have,
                leases,
                List.of(),
                slots,
                0,
                false,
                trouble,
                pauseNanos,
                List.of(puller),
                silent);
    }
}
