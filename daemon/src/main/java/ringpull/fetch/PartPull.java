package ringpull.fetch;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import ringpull.blob.BlobFile;
import ringpull.blob.ContentKind;
import ringpull.blob.Repository;
import ringpull.origin.OriginStream;

/** Brings one config or layer to this node's store and tells how far it is. Used by one thread. */
final class PartPull {
    /** Failures that say the next fetch begins otherwise: without those that lied, or with the registry's name. */
    private static final Set<String> WORTH_ANOTHER_TRY = Set.of("size_differs", "not_held");

    private final ImagePart part;
    private final Repository repository;
    private final Blobs blobs;
    private final Journal journal;
    private final FetchWait wait;
    private final Consumer<PartProgress> progress;

    PartPull(
            ImagePart part,
            Repository repository,
            Blobs blobs,
            Journal journal,
            FetchWait wait,
            Consumer<PartProgress> progress) {
        this.part = part;
        this.repository = repository;
        this.blobs = blobs;
        this.journal = journal;
        this.wait = wait;
        this.progress = progress;
    }

    /** How it ended; the progress was told before. */
    PartProgress run() throws InterruptedException {
        PartProgress end;
        try {
            end = part.foreign()
                    ? ended(PartProgress.State.SKIPPED, "foreign: it is to be had under URLs of its own only")
                    : bring();
        } catch (ImageFailed e) {
            end = ended(PartProgress.State.FAILED, String.valueOf(e.getMessage()));
        }
        progress.accept(end);
        return end;
    }

    private PartProgress bring() throws ImageFailed, InterruptedException {
        List<Journal.Entry> before = journal.of(part.digest());
        try {
            return attempt(before);
        } catch (ImageFailed e) {
            if (!WORTH_ANOTHER_TRY.contains(e.reason())) {
                throw e;
            }
            return attempt(before);
        }
    }

    private PartProgress attempt(List<Journal.Entry> before) throws ImageFailed, InterruptedException {
        BlobRequest request = new BlobRequest(part.digest(), ContentKind.BLOB, Optional.of(repository));
        String what = "the " + part.role() + " " + part.digest() + " of " + repository;
        return switch (blobs.deliver(request)) {
            case Delivery.Complete(BlobFile file, String mediaType) -> {
                close(file);
                FetchWait.checkSize(part.digest(), part.sizeBytes(), OptionalLong.of(file.sizeBytes()));
                yield ended(PartProgress.State.HERE, "");
            }
            case Delivery.Arriving(Fetch fetch) -> {
                wait.await(fetch, this::look);
                yield PartProgress.done(part, before, journal.of(part.digest()), "");
            }
            case Delivery.PassThrough(OriginStream stream) -> {
                stream.close();
                throw ImageFailed.of(what, "store_full", "there is no room for its " + part.sizeBytes() + " bytes");
            }
            case Delivery.Nowhere(String reason, String detail) -> throw ImageFailed.of(what, reason, detail);
        };
    }

    private void look(Fetch fetch) throws ImageFailed {
        FetchWait.checkSize(part.digest(), part.sizeBytes(), fetch.sizeBytes());
        progress.accept(PartProgress.of(part, fetch.receivedBytes(), PartProgress.State.RUNNING, ""));
    }

    private PartProgress ended(PartProgress.State state, String note) {
        return PartProgress.of(part, state == PartProgress.State.HERE ? part.sizeBytes() : 0, state, note);
    }

    private static void close(BlobFile file) throws ImageFailed {
        try {
            file.close();
        } catch (IOException e) {
            throw ImageFailed.of(file.digest().toString(), "store_failed", e.toString());
        }
    }
}
