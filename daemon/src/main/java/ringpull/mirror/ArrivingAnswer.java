package ringpull.mirror;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.fetch.Fetch;

/**
 * Hands a blob to a client while it arrives. Headers wait until bytes may follow them, so that a fetch that fails is a 404;
 * when the client's patience with headers ends they go out if the size is known, and only bytes are waited for. When its
 * patience with bytes ends, the next piece comes from the origin; if that does not answer, the answer ends.
 */
final class ArrivingAnswer implements AutoCloseable {
    private final Wanted wanted;
    private final Fetch fetch;
    private final Reply reply;
    private final Exchange.Parts parts;
    private final Changes changes;
    private final KeepAlive keepAlive;
    private @Nullable BlobFile file;

    /** The first bytes, if they came from the origin before headers went out. */
    private @Nullable ByteBuffer firstPiece;

    /** What the headers promise. */
    record Promise(long sizeBytes, RequestedRange.Selection selection, String type) {}

    ArrivingAnswer(Wanted wanted, Fetch fetch, Reply reply, Exchange.Parts parts) {
        this.wanted = wanted;
        this.fetch = fetch;
        this.reply = reply;
        this.parts = parts;
        this.changes = new Changes(fetch);
        this.keepAlive = new KeepAlive(wanted, parts);
    }

    void send() throws Refusal, BreakOff, IOException, InterruptedException {
        refuseResume();
        if (wanted.range().isRange()) {
            fetch.want(wanted.range().firstByte(fetch.sizeBytes().orElse(0)));
        }
        Promise promise = promise();
        start(promise);
        if (!wanted.head()) {
            sendBody(promise, promise.selection.bytes().offset());
        }
    }

    /** Goes on with an answer of which all before this byte has left; no headers have, if that is nothing. */
    void goOn(Promise promise, long offset) throws Refusal, BreakOff, IOException, InterruptedException {
        fetch.want(offset);
        if (!reply.started()) {
            start(promise());
        }
        sendBody(promise, offset);
    }

    private void start(Promise promise) throws ClientGone, InterruptedException {
        reply.start(
                wanted.status(promise.selection), wanted.headers(promise.type, promise.sizeBytes, promise.selection));
        keepAlive.moved();
    }

    /** A client whose answer was just broken off would not survive a second wait. */
    private void refuseResume() throws Refusal {
        if (wanted.head()
                || !parts.brokenOff().mayResume(wanted.digest(), wanted.range().isRange())) {
            return;
        }
        long offset = wanted.range().firstByte(fetch.sizeBytes().orElse(Long.MAX_VALUE));
        if (fetch.releasedEnd(offset) <= offset && fetch.state() != Fetch.State.PROVEN) {
            throw wanted.unknown("stalled", "no byte could be proven in time; the fetch goes on in the background");
        }
    }

    private Promise promise() throws Refusal, IOException, InterruptedException {
        boolean asked = wanted.head();
        while (true) {
            Fetch.State state = fetch.state(); // read first: what a fetch that has ended says is final
            OptionalLong size = fetch.sizeBytes();
            if (size.isPresent()) {
                RequestedRange.Selection selection = wanted.select(size.getAsLong());
                Optional<String> type = type(state, size.getAsLong(), selection.bytes());
                if (type.isPresent()) {
                    return new Promise(size.getAsLong(), selection, type.get());
                }
            }
            if (state == Fetch.State.FAILED) {
                throw wanted.unknown(fetch.failureReason(), fetch.failureDetail());
            }
            long left = wanted.headersDueNanos() - parts.nanoTime().getAsLong();
            if (left <= 0) {
                return lastPromise(size);
            }
            if (!asked && keepAlive.leftNanos() <= 0 && size.isPresent()) {
                asked = true;
                Optional<Promise> early = earlyPromise(size.getAsLong());
                if (early.isPresent()) {
                    return early.get();
                }
                continue;
            }
            changes.await(asked || size.isEmpty() ? left : Math.min(left, Math.max(1, keepAlive.leftNanos())));
        }
    }

    /** The Content-Type, if headers may go out: the answer is whole, or has begun and goes on. */
    private Optional<String> type(Fetch.State state, long size, ByteRange bytes) throws Refusal, IOException {
        long released = fetch.releasedEnd(bytes.offset());
        boolean whole = fetch.releasedEnd(0) >= size;
        String stated = fetch.mediaType();
        if (!wanted.typeIsKnown(stated)) {
            return whole ? Optional.of(wanted.type(stated, file(size))) : Optional.empty();
        }
        boolean running = state != Fetch.State.FAILED;
        if (wanted.head()) {
            return running || whole ? Optional.of(wanted.type(stated)) : Optional.empty();
        }
        if (released < bytes.end() && !(running && released > bytes.offset())) {
            return Optional.empty();
        }
        file(size); // a file that cannot be opened is a 404, too
        return Optional.of(wanted.type(stated));
    }

    /** Nothing may leave yet, and the client will not wait until headers are due: then with a piece from the origin. */
    private Optional<Promise> earlyPromise(long size) throws Refusal, InterruptedException {
        String stated = fetch.mediaType();
        RequestedRange.Selection selection = wanted.select(size);
        if (!wanted.typeIsKnown(stated)) {
            return Optional.empty();
        }
        ByteRange bytes = selection.bytes();
        Optional<ByteBuffer> piece = keepAlive.next(size, bytes.offset(), bytes.end());
        firstPiece = piece.orElse(null);
        return piece.map(any -> new Promise(size, selection, wanted.type(stated)));
    }

    /** Headers are due, and no byte is there. */
    private Promise lastPromise(OptionalLong size) throws Refusal {
        String stated = fetch.mediaType();
        if (size.isEmpty() || !wanted.typeIsKnown(stated)) {
            throw wanted.unknown("stalled", "nothing was known in time; the fetch goes on in the background");
        }
        return new Promise(size.getAsLong(), wanted.select(size.getAsLong()), wanted.type(stated));
    }

    private void sendBody(Promise promise, long from) throws BreakOff, IOException, InterruptedException {
        ByteRange bytes = promise.selection.bytes();
        long offset = from;
        ByteBuffer first = firstPiece;
        if (first != null) {
            offset += send(first);
        }
        while (offset < bytes.end()) {
            Fetch.State state = fetch.state();
            long released = Math.min(fetch.releasedEnd(offset), bytes.end());
            if (keepAlive.hasGiven() && fetch.releasedEnd(0) < promise.sizeBytes) {
                released = Math.min(released, Chunk.lastOffset(promise.sizeBytes)); // it waits for the comparison
            }
            if (released > offset && fetch.handOff()) {
                BlobFile open = file(promise.sizeBytes);
                compare(open, released);
                reply.send(open, new ByteRange(offset, released - offset));
                offset = released;
                keepAlive.moved();
                continue;
            }
            if (state == Fetch.State.FAILED) {
                throw new BreakOff(fetch.failureReason(), fetch.failureDetail());
            }
            long left = keepAlive.leftNanos();
            if (left > 0) {
                changes.await(left);
                continue;
            }
            Optional<ByteBuffer> piece = keepAlive.next(promise.sizeBytes, offset, bytes.end());
            if (piece.isPresent()) {
                offset += send(piece.get());
            } else if (fetch.releasedEnd(offset) <= offset) {
                String waited = TimeUnit.NANOSECONDS.toSeconds(wanted.patience().toNanos()) + " s";
                throw new BreakOff(
                        "stalled",
                        "no byte could be proven for " + waited
                                + ", and no registry gave one over TLS; the fetch goes on");
            }
        }
    }

    private int send(ByteBuffer piece) throws ClientGone, InterruptedException {
        int length = piece.remaining();
        reply.send(piece);
        keepAlive.moved();
        return length;
    }

    /** Before the last chunk leaves: whoever kept the client alive must have said what the proof says. */
    private void compare(BlobFile open, long end) throws BreakOff, IOException {
        if (end > Chunk.lastOffset(open.sizeBytes()) && !keepAlive.agreesWith(open)) {
            String why = "its origin gave other bytes, to keep the client alive, than were proven";
            parts.blobs().wrongBytesLeft(wanted.digest(), why);
            throw new BreakOff("origin_inconsistent", why);
        }
    }

    /**
     * Opened not before bytes are released: until then a fetch that finds that the ring lied about the size begins a new
     * file.
     */
    private BlobFile file(long sizeBytes) throws IOException {
        BlobFile open = file;
        if (open == null) {
            open = fetch.open();
            file = open;
        }
        if (open.sizeBytes() != sizeBytes) {
            throw new IOException(wanted.digest() + " has " + open.sizeBytes() + " bytes, not " + sizeBytes);
        }
        return open;
    }

    @Override
    public void close() throws IOException {
        changes.close();
        BlobFile open = file;
        if (open != null) {
            open.close();
        }
    }
}
