package ringpull.mirror;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;

/**
 * Small pieces from the origin for a client that would not wait for the proof; what was given is compared with the blob before
 * its last chunk leaves. Used by one thread.
 */
final class KeepAlive {
    private static final Logger log = LoggerFactory.getLogger(KeepAlive.class);

    /** An origin has this part of a client's patience to answer. */
    private static final int SHARE_OF_PATIENCE = 4;

    private final Wanted wanted;
    private final Exchange.Parts parts;
    private final List<Piece> given = new ArrayList<>();
    private long movedNanos;

    /** What a client was given before it was proven. */
    private record Piece(long offset, int length, Digest hash) {}

    KeepAlive(Wanted wanted, Exchange.Parts parts) {
        this.wanted = wanted;
        this.parts = parts;
        this.movedNanos = parts.nanoTime().getAsLong();
    }

    /** The client got a byte, or headers: it waits anew. */
    void moved() {
        movedNanos = parts.nanoTime().getAsLong();
    }

    /** How long the client will still wait. */
    long leftNanos() {
        return wanted.patience().toNanos() - (parts.nanoTime().getAsLong() - movedNanos);
    }

    /** The next bytes; empty if no authentic origin gives them in time. */
    Optional<ByteBuffer> next(long sizeBytes, long offset, long end) throws InterruptedException {
        Background<Optional<ByteBuffer>> asked = new Background<>(
                "mirror-keep-alive", () -> parts.blobs().keepAlive(wanted.blob(), sizeBytes, offset), late -> {});
        Optional<Optional<ByteBuffer>> answer = Optional.empty();
        try {
            answer = asked.await(wanted.patience().toNanos() / SHARE_OF_PATIENCE);
        } catch (ExecutionException e) {
            log.info("nothing to keep a client of {} alive: {}", wanted.digest(), String.valueOf(e.getCause()));
        } finally {
            if (answer.isEmpty()) {
                asked.giveUp();
            }
        }
        Optional<ByteBuffer> piece = answer.flatMap(bytes -> bytes);
        piece.ifPresent(bytes -> {
            bytes.limit((int) Math.min(bytes.limit(), end - offset));
            given.add(new Piece(offset, bytes.remaining(), hash(bytes.duplicate())));
        });
        return piece;
    }

    boolean hasGiven() {
        return !given.isEmpty();
    }

    /** Whether what was given is what the whole, proven file says. */
    boolean agreesWith(BlobFile file) throws IOException {
        for (Piece piece : given) {
            ByteBuffer bytes = ByteBuffer.allocate(piece.length);
            while (bytes.hasRemaining() && file.channel().read(bytes, piece.offset + bytes.position()) > 0) {}
            if (!hash(bytes.flip()).equals(piece.hash)) {
                return false;
            }
        }
        given.clear();
        return true;
    }

    private static Digest hash(ByteBuffer bytes) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(bytes);
            return Digest.ofBytes(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
