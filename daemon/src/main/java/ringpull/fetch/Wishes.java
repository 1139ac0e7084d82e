package ringpull.fetch;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where the clients that share one fetch say that an origin has the blob. More may come while it runs: then it goes on
 * with their origins when it has no other source left. Safe for many threads.
 */
final class Wishes {
    /** More origins than these are not asked in one fetch. */
    static final int ORIGINS_MAX = 8;

    private final List<BlobRequest> origins = new ArrayList<>();
    private boolean ended;

    /** Joins a client; false if the fetch is about to end without the blob, and the client needs another one. */
    synchronized boolean join(BlobRequest request) {
        if (ended) {
            return false;
        }
        boolean isNew = request.repository().isPresent() && !origins.contains(request);
        if (isNew && origins.size() < ORIGINS_MAX) {
            origins.add(request);
        }
        return true;
    }

    synchronized boolean nameNoOrigin() {
        return origins.isEmpty();
    }

    /** In the order in which they were named; all have a repository. */
    synchronized Optional<BlobRequest> origin(int index) {
        return index < origins.size() ? Optional.of(origins.get(index)) : Optional.empty();
    }

    synchronized List<String> repositories() {
        return origins.stream()
                .flatMap(request -> request.repository().stream())
                .map(Object::toString)
                .toList();
    }

    /** From now on nobody joins; false, and nothing changes, if more origins were named than have been tried. */
    synchronized boolean endUnlessMoreThan(int tried) {
        ended |= origins.size() <= tried;
        return ended;
    }

    synchronized void end() {
        ended = true;
    }
}
