package ringpull.mirror;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.fetch.Fetch;

/**
 * Hands a blob to a client while it arrives. Headers wait until bytes may follow them, so that a fetch that fails is a 404;
 * when the client's patience with headers ends they go out if the size is known, and only bytes are waited for.
 */
final class ArrivingAnswer implements AutoCloseable {
    private final Wanted wanted;
    private final Fetch fetch;
    private final Reply reply;
    private final Exchange.Parts parts;
    private final Changes changes;
    private @Nullable BlobFile file;

    /** What the headers promise. */
    private record Promise(long sizeBytes, RequestedRange.Selection selection, String type) {}

    ArrivingAnswer(Wanted wanted, Fetch fetch, Reply reply, Exchange.Parts parts) {
        this.wanted = wanted;
        this.fetch = fetch;
        this.reply = reply;
        this.parts = parts;
        this.changes = new Changes(fetch);
    }

    void send() throws Refusal, BreakOff, IOException, InterruptedException {
        refuseResume();
        Promise promise = promise();
        reply.start(
                wanted.status(promise.selection), wanted.headers(promise.type, promise.sizeBytes, promise.selection));
        if (!wanted.head()) {
            sendBody(promise);
        }
    }

    /** A client whose answer was just broken off would not survive a second wait. */
    private void refuseResume() throws Refusal {
        if (wanted.head()
                || !parts.brokenOff().mayResume(wanted.digest(), wanted.range().isRange())) {
            return;
        }
        long offset = wanted.range().firstByte(fetch.sizeBytes().orElse(Long.MAX_VALUE));
        if (fetch.releasedBytes() <= offset && fetch.state() != Fetch.State.PROVEN) {
            throw wanted.unknown("stalled", "no byte could be proven in time; the fetch goes on in the background");
        }
    }

    private Promise promise() throws Refusal, IOException, InterruptedException {
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
            changes.await(left);
        }
    }

    /** The Content-Type, if headers may go out: the answer is whole, or has begun and goes on. */
    private Optional<String> type(Fetch.State state, long size, ByteRange bytes) throws Refusal, IOException {
        long released = fetch.releasedBytes();
        boolean whole = released >= size;
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

    /** Headers are due, and no byte is there. */
    private Promise lastPromise(OptionalLong size) throws Refusal {
        String stated = fetch.mediaType();
        if (size.isEmpty() || !wanted.typeIsKnown(stated)) {
            throw wanted.unknown("stalled", "nothing was known in time; the fetch goes on in the background");
        }
        return new Promise(size.getAsLong(), wanted.select(size.getAsLong()), wanted.type(stated));
    }

    private void sendBody(Promise promise) throws BreakOff, IOException, InterruptedException {
        ByteRange bytes = promise.selection.bytes();
        long bodyWait = parts.handoff().bodyWait().toNanos();
        long offset = bytes.offset();
        long lastByteAt = parts.nanoTime().getAsLong();
        while (offset < bytes.end()) {
            Fetch.State state = fetch.state();
            long released = Math.min(fetch.releasedBytes(), bytes.end());
            if (released > offset) {
                reply.send(file(promise.sizeBytes), new ByteRange(offset, released - offset));
                offset = released;
                lastByteAt = parts.nanoTime().getAsLong();
                continue;
            }
            if (state == Fetch.State.FAILED) {
                throw new BreakOff(fetch.failureReason(), fetch.failureDetail());
            }
            long left = bodyWait - (parts.nanoTime().getAsLong() - lastByteAt);
            if (left <= 0) {
                String waited = TimeUnit.NANOSECONDS.toSeconds(bodyWait) + " s";
                throw new BreakOff("stalled", "no byte could be proven for " + waited + "; the fetch goes on");
            }
            changes.await(left);
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
