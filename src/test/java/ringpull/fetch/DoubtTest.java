package ringpull.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.store.PartialBlob;
import ringpull.transport.memory.MemoryTransport;

/** Holders that lie about a size, refuted bytes that must not stay, and clients that name an origin late. */
class DoubtTest extends FetchFixture {
    @Test
    void aSmallerSizeThatALiarTellsIsSettledByTheOrigin() throws Exception {
        ring.announce(digest, TestHolders.member(1), 10);

        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(stored()).isEqualTo(content);
    }

    @ParameterizedTest
    @ValueSource(longs = {10, BYTES - 1, BYTES + 1, 3L * BYTES, Chunk.BLOB_BYTES_MAX})
    void withoutAnOriginTheSizeIsSettledByTheProofEvenAgainstAMajority(long falseSize) throws Exception {
        neighbour(1, content);
        liar(2, falseSize);
        liar(3, falseSize);

        assertThat(finished(fetcher.deliver(bare())).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(stored()).isEqualTo(content);
    }

    @Test
    void whatTheOriginSaysOfTheSizeLetsTheHoldersThatAgreeGoOn() throws Exception {
        neighbour(1, content);
        neighbour(2, content);
        for (int liar = 3; liar <= 6; liar++) {
            ring.announce(digest, TestHolders.member(liar), BYTES + Chunk.SIZE_BYTES);
        }

        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(stored()).isEqualTo(content);
        assertThat(count("ringpull.received.bytes", "peer")).isEqualTo(BYTES);
        assertThat(journal.of(digest))
                .anyMatch(entry ->
                        entry.source().equals("node-3") && entry.detail().contains("and the blob has"));
    }

    @Test
    void anOriginThatAgreesWithNobodyAboutTheSizeDoesNotKeepTheFetchFromAnHonestHolder() throws Exception {
        neighbour(1, content);
        ring.announce(digest, TestHolders.member(2), 10);
        origin.put(REPOSITORY, ContentKind.BLOB, digest, "application/x-layer", bytes(BYTES + 5, 2));
        origin.authentic(false);

        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(stored()).isEqualTo(content);
    }

    @Test
    void bytesThatWereRefutedDoNotWaitForTheNextFetch() throws Exception {
        origin.put(REPOSITORY, ContentKind.BLOB, digest, "application/x-layer", bytes(BYTES, 2));
        origin.authentic(false);
        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.FAILED);

        origin.put(REPOSITORY, ContentKind.BLOB, digest, "application/x-layer", content);

        assertThat(store.partials()).isEmpty();
        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.PROVEN);
    }

    @Test
    void bytesOfAnEarlierLifeThatAreNotTheBlobAreFetchedAgain() throws Exception {
        PartialBlob left = store.receive(digest, BYTES);
        left.write(0, ByteBuffer.wrap(bytes(BYTES, 2)));
        left.received(new ByteRange(0, BYTES));
        left.close();

        assertThat(finished(fetcher.deliver(request())).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(stored()).isEqualTo(content);
    }

    @Test
    void aClientThatNamesARegistryBringsItIntoTheFetchThatBeganWithout() throws Exception {
        neighbour(1, content);
        transport.fault(TestHolders.address(1), new MemoryTransport.Fault.HoldAfter(Chunk.SIZE_BYTES));
        Delivery bare = fetcher.deliver(bare());

        Delivery named = fetcher.deliver(request());
        transport.fault(TestHolders.address(1), new MemoryTransport.Fault.Refuse());

        assertThat(finished(named).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(finished(bare).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(named).isEqualTo(bare);
        assertThat(origin.opens()).isPositive();
        assertThat(store.find(digest).orElseThrow().sources()).containsExactly(REPOSITORY.toString());
    }

    @Test
    void aClientThatNamesAnotherRegistryBringsThatInToo() throws Exception {
        Repository empty = new Repository("empty.test", "team/model");
        neighbour(1, content);
        transport.fault(TestHolders.address(1), new MemoryTransport.Fault.HoldAfter(Chunk.SIZE_BYTES));
        Delivery first = fetcher.deliver(new BlobRequest(digest, ContentKind.BLOB, Optional.of(empty)));

        Delivery second = fetcher.deliver(request());
        transport.fault(TestHolders.address(1), new MemoryTransport.Fault.Refuse());

        assertThat(finished(second).state()).isEqualTo(Fetch.State.PROVEN);
        assertThat(finished(first).state()).isEqualTo(Fetch.State.PROVEN);
    }

    /** The race between a fetch that is about to fail and the client that could have helped it. */
    @Test
    void aClientThatNamesARegistryNeverGetsTheFailureOfAFetchThatKnewNone() throws Exception {
        for (int round = 0; round < 200; round++) {
            byte[] blob = bytes(1000, 100 + round);
            Digest name = origin.put(REPOSITORY, ContentKind.BLOB, "application/x-layer", blob);
            ring.announce(name, TestHolders.member(9), blob.length);
            Delivery bare = fetcher.deliver(new BlobRequest(name, ContentKind.BLOB, Optional.empty()));
            if (round % 2 == 0) {
                finished(bare);
            }

            Delivery named = fetcher.deliver(new BlobRequest(name, ContentKind.BLOB, Optional.of(REPOSITORY)));

            if (named instanceof Delivery.Complete complete) {
                complete.file().close();
            } else {
                assertThat(finished(named).state()).isEqualTo(Fetch.State.PROVEN);
            }
        }
    }
}
