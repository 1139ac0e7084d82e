package ringpull.store;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;
import ringpull.store.BlobStore.Listener;

/**
 * Changes to the set of complete blobs on their way to listeners. They are queued in the store's order under its lock,
 * and delivered outside it, so that a listener may ask the store whatever it likes.
 */
final class Changes {
    private static final Logger log = LoggerFactory.getLogger(Changes.class);

    private record Change(List<Listener> audience, Consumer<Listener> news) {}

    private final List<Listener> listeners = new CopyOnWriteArrayList<>();
    private final Queue<Change> queue = new ConcurrentLinkedQueue<>();
    private final Semaphore turn = new Semaphore(1);

    void listen(Listener listener) {
        listeners.add(listener);
    }

    void added(StoredBlob blob) {
        queue.add(new Change(List.copyOf(listeners), listener -> listener.added(blob)));
    }

    void removed(Digest digest) {
        queue.add(new Change(List.copyOf(listeners), listener -> listener.removed(digest)));
    }

    /** Tells what is queued, unless another thread is at it: then that one does. */
    void deliver() {
        while (!queue.isEmpty() && turn.tryAcquire()) {
            try {
                Change change = queue.poll();
                if (change != null) {
                    change.audience.forEach(listener -> tell(listener, change.news));
                }
            } finally {
                turn.release();
            }
        }
    }

    private static void tell(Listener listener, Consumer<Listener> news) {
        try {
            news.accept(listener);
        } catch (RuntimeException e) {
            log.error("a listener of the store failed", e);
        }
    }
}
