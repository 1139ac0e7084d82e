package ringpull.mirror;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.ContentKind;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.fetch.Delivery;
import ringpull.metrics.Meters;

/**
 * Hands an authentic origin's bytes to a client past a full store, and proves them on the way: the last chunk of a blob,
 * and all of a manifest, leaves only when the whole is proven.
 */
final class PassThroughAnswer {
    private static final int STEP_BYTES = 256 << 10;

    private final Wanted wanted;
    private final Delivery.PassThrough delivery;
    private final Reply reply;
    private final Exchange.Parts parts;
    private final long sizeBytes;
    private final RequestedRange.Selection selection;
    private final String statedType;
    private final Proof proof;
    private final long withheldFrom;
    private final ByteBuffer withheld;
    private long lastByteAt;

    PassThroughAnswer(Wanted wanted, Delivery.PassThrough delivery, Reply reply, Exchange.Parts parts) throws Refusal {
        this.wanted = wanted;
        this.delivery = delivery;
        this.reply = reply;
        this.parts = parts;
        boolean manifest = wanted.blob().kind() == ContentKind.MANIFEST;
        sizeBytes = delivery.stream().sizeBytes();
        if (sizeBytes < 0 || sizeBytes > (manifest ? ManifestType.MANIFEST_BYTES_MAX : Chunk.BLOB_BYTES_MAX)) {
            throw wanted.unknown("malformed", delivery.stream().endpoint() + " says it has " + sizeBytes + " bytes");
        }
        selection = wanted.select(sizeBytes);
        statedType = delivery.stream().mediaType();
        proof = new Proof(wanted.digest());
        withheldFrom = manifest ? 0 : Chunk.lastOffset(sizeBytes);
        withheld = ByteBuffer.allocate((int) (sizeBytes - withheldFrom));
    }

    void send() throws Refusal, BreakOff, IOException, InterruptedException {
        if (!wanted.head()
                && parts.brokenOff().mayResume(wanted.digest(), wanted.range().isRange())) {
            throw wanted.unknown("stalled", "the answer for this blob was broken off a moment ago");
        }
        if (wanted.head() && wanted.typeIsKnown(statedType)) {
            start(wanted.type(statedType));
            return;
        }
        ByteBuffer step = ByteBuffer.allocate(STEP_BYTES);
        while (proof.hashedBytes() < sizeBytes) {
            long offset = proof.hashedBytes();
            read(step.clear().limit((int) Math.min(STEP_BYTES, sizeBytes - offset)));
            proof.update(step.flip().duplicate());
            int early = Math.clamp(withheldFrom - offset, 0, step.limit());
            emit(offset, step.slice(0, early));
            withheld.put(step.slice(early, step.limit() - early));
        }
        prove();
        if (!reply.started()) {
            start(wanted.typeIsKnown(statedType) ? wanted.type(statedType) : typeOfWithheld());
        }
        emit(withheldFrom, withheld.flip());
    }

    /** Reads some bytes; while they do not come, headers go out when they are due, and patience ends. */
    private void read(ByteBuffer step) throws Refusal, BreakOff, IOException, InterruptedException {
        Background<Integer> reading =
                new Background<>("mirror-origin", () -> delivery.stream().read(step), length -> {});
        try {
            Optional<Integer> length = Optional.empty();
            while (length.isEmpty()) {
                long left = patienceNanos();
                if (left <= 0) {
                    endPatience();
                }
                length = reading.await(left);
            }
            if (length.get() <= 0) {
                throw broken("unreachable", delivery.stream().endpoint() + " ended the blob early", null);
            }
            parts.meters().received(Meters.Source.ORIGIN, length.get());
        } catch (ExecutionException e) {
            throw broken("unreachable", delivery.stream().endpoint() + " broke off: " + e.getCause(), e.getCause());
        } finally {
            reading.giveUp();
        }
    }

    private long patienceNanos() {
        long now = parts.nanoTime().getAsLong();
        return reply.started()
                ? parts.handoff().bodyWait().toNanos() - (now - lastByteAt)
                : wanted.headersDueNanos() - now;
    }

    private void endPatience() throws Refusal, BreakOff, IOException, InterruptedException {
        if (reply.started() || !wanted.typeIsKnown(statedType)) {
            throw broken("stalled", delivery.stream().endpoint() + " sent nothing in time", null);
        }
        start(wanted.type(statedType));
    }

    private void prove() throws Refusal, BreakOff {
        try {
            proof.finish();
        } catch (ProofFailed e) {
            parts.meters().proofFailed(Meters.Source.ORIGIN);
            if (reply.sentBytes() > 0) {
                parts.blobs().wrongBytesLeft(wanted.digest(), delivery.stream().endpoint() + ": " + e.getMessage());
            }
            parts.journal()
                    .note(wanted.digest(), "proof", delivery.stream().endpoint(), 0, "failed: " + e.getMessage());
            throw broken("origin_inconsistent", String.valueOf(e.getMessage()), e);
        }
    }

    private String typeOfWithheld() throws Refusal {
        return ManifestType.of(withheld.array())
                .orElseThrow(() -> wanted.unknown("not_manifest", wanted.digest() + " is no manifest"));
    }

    private void start(String type) throws IOException, InterruptedException {
        reply.start(wanted.status(selection), wanted.headers(type, sizeBytes, selection));
        lastByteAt = parts.nanoTime().getAsLong();
    }

    /** Sends what the client wants of these bytes, which may leave. */
    private void emit(long offset, ByteBuffer bytes) throws IOException, InterruptedException {
        ByteRange range = selection.bytes();
        long from = Math.max(range.offset(), offset);
        long end = Math.min(range.end(), offset + bytes.remaining());
        if (wanted.head() || from >= end) {
            return;
        }
        if (!reply.started()) {
            start(wanted.type(statedType));
        }
        reply.send(bytes.slice((int) (from - offset), (int) (end - from)));
        lastByteAt = parts.nanoTime().getAsLong();
    }

    /** 404 while it is possible, else the end in mid-body. */
    private BreakOff broken(String reason, String detail, @Nullable Throwable cause) throws Refusal {
        if (!reply.started()) {
            throw wanted.unknown(reason, detail);
        }
        BreakOff breakOff = new BreakOff(reason, detail);
        if (cause != null) {
            breakOff.initCause(cause);
        }
        return breakOff;
    }
}
