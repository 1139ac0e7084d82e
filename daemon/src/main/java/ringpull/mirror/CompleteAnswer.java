package ringpull.mirror;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.fetch.Delivery;

/**
 * Hands over a complete blob, from file to socket without a copy. Each run of chunks is checked before it leaves, unless that
 * was done lately; while one leaves the next is checked. From a damaged chunk on the answer goes on with the fetch that mends
 * the blob.
 */
final class CompleteAnswer {
    private final Wanted wanted;
    private final Reply reply;
    private final Exchange.Parts parts;

    CompleteAnswer(Wanted wanted, Reply reply, Exchange.Parts parts) {
        this.wanted = wanted;
        this.reply = reply;
        this.parts = parts;
    }

    void send(BlobFile file, String mediaType) throws Refusal, BreakOff, IOException, InterruptedException {
        RequestedRange.Selection selection = wanted.select(file.sizeBytes());
        ByteRange bytes = selection.bytes();
        String type = wanted.type(mediaType, file);
        if (wanted.head() || bytes.length() == 0) {
            reply.start(wanted.status(selection), wanted.headers(type, file.sizeBytes(), selection));
            return;
        }
        long offset = bytes.offset();
        long sound = parts.blobs().soundEnd(file, bytes);
        if (sound > offset) {
            reply.start(wanted.status(selection), wanted.headers(type, file.sizeBytes(), selection));
        }
        while (sound > offset) {
            ByteRange run = new ByteRange(offset, sound - offset);
            ByteRange rest = new ByteRange(sound, bytes.end() - sound);
            sound = rest.length() == 0 ? sendLast(file, run) : sendAndCheck(file, run, rest);
            offset = run.end();
        }
        if (offset < bytes.end()) {
            mend(new ArrivingAnswer.Promise(file.sizeBytes(), selection, type), offset);
        }
    }

    private long sendLast(BlobFile file, ByteRange run) throws ClientGone, InterruptedException {
        reply.send(file, run);
        return run.end();
    }

    /** Sends a run while what follows is checked; how far that is sound. */
    private long sendAndCheck(BlobFile file, ByteRange run, ByteRange rest) throws IOException, InterruptedException {
        Background<Long> check =
                new Background<>("mirror-check", () -> parts.blobs().soundEnd(file, rest), end -> {});
        Optional<Long> end = Optional.empty();
        try {
            reply.send(file, run);
            while (end.isEmpty()) {
                end = check.await(Long.MAX_VALUE);
            }
            return end.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } finally {
            if (end.isEmpty()) {
                check.giveUp();
            }
        }
    }

    /** What lies on disk from here on is damaged; the blob is being fetched again. */
    private void mend(ArrivingAnswer.Promise promise, long offset)
            throws Refusal, BreakOff, IOException, InterruptedException {
        switch (parts.blobs().deliver(wanted.blob())) {
            case Delivery.Arriving(var fetch) -> {
                try (ArrivingAnswer answer = new ArrivingAnswer(wanted, fetch, reply, parts)) {
                    answer.goOn(promise, offset);
                }
            }
            case Delivery.Complete(BlobFile mended, String mediaType) -> {
                try (mended) {
                    goOn(mended, promise, offset);
                }
            }
            case Delivery.PassThrough(var stream) -> {
                stream.close();
                throw damaged();
            }
            case Delivery.Nowhere _ -> throw damaged();
        }
    }

    /** Mended already. */
    private void goOn(BlobFile mended, ArrivingAnswer.Promise promise, long offset)
            throws Refusal, BreakOff, IOException, InterruptedException {
        ByteRange rest = new ByteRange(offset, promise.selection().bytes().end() - offset);
        if (mended.sizeBytes() != promise.sizeBytes() || parts.blobs().soundEnd(mended, rest) <= offset) {
            throw damaged();
        }
        if (!reply.started()) {
            RequestedRange.Selection selection = promise.selection();
            reply.start(wanted.status(selection), wanted.headers(promise.type(), promise.sizeBytes(), selection));
        }
        reply.send(mended, rest);
    }

    private BreakOff damaged() throws Refusal {
        String detail = "a chunk on disk is damaged, and nobody else has it";
        if (!reply.started()) {
            throw wanted.unknown("damaged", detail);
        }
        return new BreakOff("damaged", detail);
    }
}
