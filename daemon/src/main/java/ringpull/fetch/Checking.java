package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.Member;
import ringpull.store.PartialBlob;
import ringpull.swarm.Event;
import ringpull.swarm.Statement;

/** Compares chunks from other members with what was signed of them, before they are passed on. Safe for many threads. */
final class Checking {
    private final Digest digest;
    private final SwarmPull pull;
    private final Fetcher.Parts parts;
    private final SwarmPulls.Swarms swarms;
    private final Evidence evidence;

    Checking(Digest digest, SwarmPull pull, Fetcher.Parts parts, SwarmPulls.Swarms swarms, Evidence evidence) {
        this.digest = digest;
        this.pull = pull;
        this.parts = parts;
        this.swarms = swarms;
        this.evidence = evidence;
    }

    /** Compares a chunk with this statement, and tells the swarm. */
    void check(int chunk, @Nullable Statement statement) throws IOException, InterruptedException {
        PartialBlob partial = pull.partial();
        SwarmPull.Landed landed = pull.landed(chunk);
        if (landed == null || landed.from() == null) {
            return; // of an earlier life, or this node's own: nobody's statement is needed
        }
        if (statement == null || !counts(statement, partial)) {
            unvouched(partial, chunk);
            return;
        }
        evidence.stated(statement);
        boolean good = statement.reading().hash(chunk).equals(landed.hash())
                || mended(partial, chunk, landed.hash(), landed.from(), statement);
        if (good) {
            pull.present(partial, chunk);
        } else {
            parts.journal()
                    .note(
                            digest,
                            "fallback",
                            landed.from().name(),
                            0,
                            "chunk " + chunk + " is not what its reader said");
        }
        swarms.happened(new Event.Checked(digest, chunk, good));
    }

    private boolean counts(Statement statement, PartialBlob partial) {
        return statement.reading().sizeBytes() == partial.sizeBytes()
                && !parts.reputation().shuns(statement.signer());
    }

    /** Nothing is known of a chunk: it counts for the proof of the whole, and others get it only where nobody signs. */
    private void unvouched(PartialBlob partial, int chunk) throws IOException, InterruptedException {
        if (swarms.statements().areSigned()) {
            pull.received(partial, chunk);
            swarms.happened(new Event.Unvouched(digest, chunk));
        } else {
            pull.present(partial, chunk);
            swarms.happened(new Event.Checked(digest, chunk, true));
        }
    }

    /** A chunk differs from its statement: it may have been changed on its way, and be right over TLS. */
    private boolean mended(PartialBlob partial, int chunk, Digest hash, Member from, Statement statement)
            throws IOException, InterruptedException {
        Digest right = statement.reading().hash(chunk);
        boolean again = evidence.again(chunk, from, bytes -> {
            if (!Evidence.hash(bytes).equals(right)) {
                return false;
            }
            partial.write((long) chunk * Chunk.SIZE_BYTES, ByteBuffer.wrap(bytes));
            return true;
        });
        if (!again) {
            evidence.contradicted(chunk, from, hash);
            return false;
        }
        pull.mended(chunk, new SwarmPull.Landed(right, null, from));
        return true;
    }
}
