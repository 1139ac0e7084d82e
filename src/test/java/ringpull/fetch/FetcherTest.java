package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ringpull.blob.Chunk;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.config.Config;
import ringpull.store.TagRecords;
import ringpull.store.memory.MemoryBlobStore;
import ringpull.transport.memory.MemoryTransport;

/** A blob's whole journey, over the in-memory adapters that ship. */
class FetcherTest extends FetchFixture {
    @Test
    void aBlobThatANeighbourHoldsIsNotAskedOfTheOrigin() throws Exception {
        neighbour(1, content);

        Fetch fetch = finished(fetcher.deliver(request()));

        assertThat(fetch.state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(origin.opens()).isZero();
        assertThat(stored()).isEqualTo(content);
        assertThat(count("ringpull.received.bytes", "peer")).isEqualTo(BYTES);
        assertThat(metrics.get("ringpull.proof.wait.seconds").counter().count()).isPositive();
    }

    @Test
    void aBlobThatNobodyHoldsComesFromTheOriginOnceForAllWhoWait() throws Exception {
        Set<Fetch> fetches = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            if (fetcher.deliver(request()) instanceof Delivery.Arriving(Fetch fetch)) {
                fetches.add(fetch);
            }
        }

        for (Fetch fetch : fetches) {
            assertThat(finished(new Delivery.Arriving(fetch)).state()).isEqualTo(Fetch.State.PROVEN);
        }
        assertThat(origin.bytesRead()).isEqualTo(BYTES);
        assertThat(stored()).isEqualTo(content);
    }

    @Test
    void aHolderThatBreaksOffGivesItsRunToTheOthers() throws Exception {
        neighbour(1, content);
        neighbour(2, content);
        transport.fault(TestHolders.address(1), new MemoryTransport.Fault.BreakAfter(Chunk.SIZE_BYTES + 5));

        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(origin.opens()).isZero();
        assertThat(stored()).isEqualTo(content);
    }

    @Test
    void whatDeadHoldersLackComesFromTheOriginFromTheFirstMissingByte() throws Exception {
        neighbour(1, content);
        transport.fault(TestHolders.address(1), new MemoryTransport.Fault.BreakAfter(2 * Chunk.SIZE_BYTES));

        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(origin.bytesRead()).isLessThan(BYTES);
        assertThat(stored()).isEqualTo(content);
        assertThat(journal.of(digest)).anyMatch(entry -> entry.event().equals("fallback"));
    }

    @Test
    void oneFlippedBitOnANeighbourIsFoundFetchedElsewhereAndCounted() throws Exception {
        neighbour(1, content);
        neighbour(2, content);
        transport.fault(TestHolders.address(1), new MemoryTransport.Fault.Flip(3));
        transport.fault(TestHolders.address(2), new MemoryTransport.Fault.Flip(4));

        Fetch fetch = finished(fetcher.deliver(request()));

        assertThat(fetch.state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(stored()).isEqualTo(content);
        assertThat(count("ringpull.proof.failures", "peer")).isEqualTo(1);
    }

    @Test
    void withoutAnOriginALiarAmongHoldersIsFoundByAskingOneAtATime() throws Exception {
        neighbour(1, content);
        neighbour(2, content);
        transport.fault(TestHolders.address(1), new MemoryTransport.Fault.Flip(3));
        origin.reachable(false);

        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(stored()).isEqualTo(content);
    }

    @Test
    void anOriginThatBreaksOffIsAskedAgainWhereItStopped() throws Exception {
        origin.breakOffAfter(2 * Chunk.SIZE_BYTES);

        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(origin.opens()).isGreaterThan(1);
        assertThat(stored()).isEqualTo(content);
    }

    @Test
    void bytesOfAnOriginThatAreNotTheBlobAreNeitherReleasedNorStored() throws Exception {
        origin.put(REPOSITORY, ContentKind.BLOB, digest, "application/x-layer", bytes(BYTES, 2));
        origin.authentic(false);

        Fetch fetch = finished(fetcher.deliver(request()));

        assertThat(fetch.state()).isEqualTo(Fetch.State.FAILED);
        assertThat(fetch.failureReason()).isEqualTo("origin_inconsistent");
        assertThat(fetch.releasedEnd(0)).isZero();
        assertThat(store.find(digest)).isEmpty();
    }

    @Test
    void anAuthenticOriginMayLieAndStillNeverGetsItsLastChunkReleased() throws Exception {
        origin.put(REPOSITORY, ContentKind.BLOB, digest, "application/x-layer", bytes(BYTES, 2));
        origin.authentic(true);

        Fetch fetch = finished(fetcher.deliver(request()));

        assertThat(fetch.state()).isEqualTo(Fetch.State.FAILED);
        assertThat(fetch.releasedEnd(0)).isLessThanOrEqualTo(Chunk.lastOffset(BYTES));
        assertThat(store.find(digest)).isEmpty();
    }

    @Test
    void aFalseSizeDoesNotPassForAFullDisk() throws Exception {
        neighbour(1, content);
        ring.announce(digest, TestHolders.member(1), Chunk.BLOB_BYTES_MAX);

        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(stored()).isEqualTo(content);
    }

    @Test
    void aStaleHintIsForgottenAndTheOriginAsked() throws Exception {
        transport.serve(TestHolders.address(1), wanted -> Optional.empty());
        ring.announce(digest, TestHolders.member(1), BYTES);

        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(ring.disowned()).containsExactly(TestHolders.member(1).id());
    }

    @Test
    void withoutARegistryAndWithoutHoldersThereIsNothingToWaitFor() throws Exception {
        Delivery delivery = fetcher.deliver(new BlobRequest(digest, ContentKind.BLOB, Optional.empty()));

        assertThat(delivery)
                .isInstanceOfSatisfying(
                        Delivery.Nowhere.class,
                        nowhere -> assertThat(nowhere.reason()).isEqualTo("not_held"));
    }

    @Test
    void aFullStoreLetsAnAuthenticOriginsBytesGoPast() throws Exception {
        origin.authentic(true);
        Config.Store tiny = new Config.Store(new Config.Room.Bytes(1000), new Config.Room.Bytes(0));
        try (MemoryBlobStore full = MemoryBlobStore.create(tiny, InstantSource.system());
                Fetcher tight = fetcher(full)) {
            Fetch first = finished(tight.deliver(request()));
            assertThat(first.failureReason()).isEqualTo("store_full");

            assertThat(tight.deliver(request())).isInstanceOfSatisfying(Delivery.PassThrough.class, past -> {
                assertThat(past.stream().sizeBytes()).isEqualTo(BYTES);
                past.stream().close();
            });
        }
    }

    @Test
    void aBlobInTheStoreIsDeliveredFromThereAndItsSourceNoted() throws Exception {
        finished(fetcher.deliver(request()));

        Delivery again = fetcher.deliver(request());

        assertThat(again).isInstanceOfSatisfying(Delivery.Complete.class, complete -> {
            assertThat(complete.mediaType()).isEqualTo("application/x-layer");
            toClose.add(complete.file());
        });
        assertThat(store.find(digest).orElseThrow().sources()).contains("registry.test/team/model");
    }

    @Test
    void aTagComesFromTheOriginAndFromItsRecordOnlyWhileThatCannotBeReached() throws Exception {
        Digest manifest = origin.put(REPOSITORY, ContentKind.MANIFEST, "application/x-manifest", bytes(50, 3));
        origin.tag(REPOSITORY, "v1", manifest);
        ImageName name = new ImageName(REPOSITORY, "v1");
        Instant[] now = {Instant.ofEpochSecond(1_000_000)};
        try (OriginTags tags = new OriginTags(origin, new Records(), Duration.ofHours(24), () -> now[0])) {
            assertThat(resolved(tags.resolve(name)).earlier()).isEmpty();

            origin.reachable(false);
            now[0] = now[0].plus(Duration.ofHours(23));
            assertThat(resolved(tags.resolve(name)).earlier())
                    .hasValueSatisfying(earlier -> assertThat(earlier.age()).isEqualTo(Duration.ofHours(23)));

            now[0] = now[0].plus(Duration.ofHours(2));
            assertThat(tags.resolve(name)).isInstanceOf(Tags.TagOutcome.Unresolved.class);

            origin.reachable(true);
            assertThat(tags.resolve(new ImageName(REPOSITORY, "gone")))
                    .isInstanceOfSatisfying(
                            Tags.TagOutcome.Unresolved.class,
                            gone -> assertThat(gone.reason()).isEqualTo("not_found"));
        }
    }

    private static Tags.TagOutcome.Resolved resolved(Tags.TagOutcome outcome) {
        assertThat(outcome).isInstanceOf(Tags.TagOutcome.Resolved.class);
        return (Tags.TagOutcome.Resolved) outcome;
    }

    /** Tag records that last as long as a test. */
    private static final class Records implements TagRecords {
        private final Map<ImageName, TagRecord> records = new HashMap<>();

        @Override
        public void record(ImageName tag, TagRecord answer) {
            records.put(tag, answer);
        }

        @Override
        public Optional<TagRecord> find(ImageName tag) {
            return Optional.ofNullable(records.get(tag));
        }
    }
}
