package ringpull.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import ringpull.blob.Digest;
import ringpull.ring.Body;
import ringpull.ring.Change;
import ringpull.ring.Delta;
import ringpull.ring.Event;
import ringpull.ring.Limits;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.Status;
import ringpull.ring.Message;
import ringpull.ring.Ring;
import ringpull.ring.Rumor;

/** How fast and in how much memory a node answers "who holds this?", told of many members with many blobs. */
final class HoldersBench {
    private static final int HOLDERS_PER_BLOB = 10;
    private static final int LOOKUPS = 2_000_000;
    private static final int ROUNDS = 5;

    /** Layers are smaller than 2 GiB; one in so many blobs is a shard of a model, of up to 10 GiB. */
    private static final long LAYER_BYTES = 2L << 30;

    private static final int SHARDS = 20;

    private final int members;
    private final long postings;
    private final long blobs;
    private final SplittableRandom random = new SplittableRandom(1);
    private final Ring ring;
    private long clock;

    HoldersBench(Run run) throws IOException {
        members = (int) run.number("--members", 10_000);
        postings = run.number("--postings", 5_000_000);
        blobs = Math.max(1, postings / HOLDERS_PER_BLOB);
        ring = new Ring("bench", member(0), List.of(), RandomGenerator.of("L64X128MixRandom"));
    }

    private static Member member(int index) {
        String address = "10." + index / 62_500 + "." + index / 250 % 250 + "." + (1 + index % 250);
        MemberId id = new MemberId(String.format("%032x", 0xabc000L + index));
        return new Member(
                id, 1_000, "node" + index, List.of(address), 7746, 7747, "rack" + index / 32, "", List.of("tcp"));
    }

    String measure() {
        double before = heapMib();
        for (int i = 1; i <= members; i++) {
            tell(i);
        }
        double mib = heapMib() - before;
        long known = ring.members().stream().mapToLong(state -> state.blobs()).sum();
        System.out.println(Bench.format(
                "%d members hold %d times one of %d blobs: %.0f MiB, %.1f bytes a posting",
                ring.members().size() - 1, known, blobs, mib, mib * (1 << 20) / Math.max(1, known)));
        double best = 0;
        long[] nanos = {};
        for (int round = 0; round <= ROUNDS; round++) {
            best = Math.max(best, LOOKUPS / seconds());
            nanos = sample();
        }
        Arrays.sort(nanos);
        double p50 = nanos[nanos.length / 2] / 1e3;
        double p99 = nanos[(int) (nanos.length * 0.99)] / 1e3;
        System.out.println(Bench.format("%.0f look-ups/s on one core, p50 %.2f us, p99 %.2f us", best, p50, p99));
        return Bench.format(
                "{\"members\":%d,\"postings\":%d,\"lookups_per_s\":%.0f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"memory_mib\":%.0f}",
                members, known, best, p50, p99, mib);
    }

    /** A member comes, with its inventory in pages. */
    private void tell(int index) {
        Rumor rumor = new Rumor(member(index), 0, Status.ALIVE);
        long count = postings * index / members - postings * (index - 1) / members;
        long version = 0;
        do {
            List<Change> page = new ArrayList<>();
            while (page.size() < Math.min(count, Limits.CHANGES_PER_MESSAGE) && version < count) {
                version++;
                long blob = blob(index, version);
                page.add(new Change(version, digest(blob), size(blob)));
            }
            long from = version - page.size();
            List<Delta> deltas = page.isEmpty()
                    ? List.of()
                    : List.of(new Delta(rumor.member().id(), 1_000, from, version, page));
            Message message = new Message("bench", 1, 0, rumor, List.of(), deltas, new Body.Ping());
            ring.handle(new Event.Asked(index, message), clock += 1_000);
        } while (version < count);
    }

    /** The member's so-many-th blob: every blob has about ten holders, spread over the members. */
    private long blob(int member, long number) {
        long first = postings * (member - 1) / members;
        return (first + number) * 0x9E3779B1L % blobs;
    }

    private static long size(long blob) {
        long random = blob * 0x9E3779B1L;
        return blob % SHARDS == 0 ? LAYER_BYTES + random % (4 * LAYER_BYTES) : 1 + random % LAYER_BYTES;
    }

    private static Digest digest(long number) {
        SplittableRandom bytes = new SplittableRandom(number);
        ByteBuffer buffer = ByteBuffer.allocate(Digest.SIZE_BYTES);
        while (buffer.hasRemaining()) {
            buffer.putLong(bytes.nextLong());
        }
        return Digest.ofBytes(buffer.array());
    }

    private double seconds() {
        Digest[] asked = asked(LOOKUPS / 10);
        long found = 0;
        long start = System.nanoTime();
        for (int i = 0; i < LOOKUPS; i++) {
            found += ring.holders(asked[i % asked.length]).size();
        }
        double took = (System.nanoTime() - start) / 1e9;
        if (found < LOOKUPS) {
            throw new IllegalStateException("blobs without holders: " + found + " of " + LOOKUPS);
        }
        return took;
    }

    private long[] sample() {
        Digest[] asked = asked(LOOKUPS / 10);
        long[] nanos = new long[asked.length];
        for (int i = 0; i < asked.length; i++) {
            long start = System.nanoTime();
            ring.holders(asked[i]);
            nanos[i] = System.nanoTime() - start;
        }
        return nanos;
    }

    private Digest[] asked(int count) {
        Digest[] asked = new Digest[count];
        Arrays.setAll(asked, i -> digest(random.nextLong(blobs)));
        return asked;
    }

    private static double heapMib() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return (runtime.totalMemory() - runtime.freeMemory()) / (double) (1 << 20);
    }
}
