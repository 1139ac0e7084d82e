package ringpull.transport.rdma;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.transport.ChunkSource;

/**
 * A range that a reader asked for: its file, and the pieces of it that are being read into slots. Used by the connection's
 * thread; the file is opened and read on threads for the disk.
 */
final class Service {
    private static final Logger log = LoggerFactory.getLogger(Service.class);

    private final Message.Ask ask;
    private final Executor disk;
    private final Deque<Fill> fills = new ArrayDeque<>();
    private ChunkSource.@Nullable Serving serving;
    private @Nullable DiskWork opening;
    private long next;
    private int leased;
    private boolean over;

    Service(Message.Ask ask, Executor disk) {
        this.ask = ask;
        this.disk = disk;
        this.next = ask.range().offset();
    }

    /** One piece on its way from the file into a slot. */
    abstract static class Fill extends DiskWork {
        private final BlobFile file;
        private final int slot;
        private final long offset;
        private final ByteBuffer memory;
        private final int length;
        private boolean filled;
        private @Nullable IOException failure;

        private Fill(BlobFile file, int slot, long offset, ByteBuffer memory) {
            this.file = file;
            this.slot = slot;
            this.offset = offset;
            this.memory = memory;
            this.length = memory.remaining();
        }

        @Override
        void work() throws IOException {
            while (memory.hasRemaining()) {
                if (file.channel().read(memory, offset + memory.position()) < 0) {
                    throw new IOException("the file of " + file.digest() + " ends early");
                }
            }
        }

        int slot() {
            return slot;
        }

        long offset() {
            return offset;
        }

        int length() {
            return length;
        }

        /** It may be offered, or fail its range, when all before it were. */
        void filled(@Nullable IOException why) {
            filled = true;
            failure = why;
        }

        @Nullable
        IOException failure() {
            return failure;
        }
    }

    /** Is told, on a thread for the disk, what came of a step. */
    interface Results {
        /** @param serving null: it is not held, or the failure says why not */
        void opened(Service service, ChunkSource.@Nullable Serving serving, @Nullable IOException failure);

        void filled(Service service, Fill fill, @Nullable IOException failure);
    }

    int number() {
        return ask.number();
    }

    Message.Ask ask() {
        return ask;
    }

    /** Opens the file. */
    void open(ChunkSource source, InetSocketAddress reader, Results results) {
        DiskWork work = new DiskWork() {
            private ChunkSource.@Nullable Serving found;

            @Override
            void work() throws IOException {
                found = source.serve(ask.blob(), ask.range(), reader).orElse(null);
            }

            @Override
            void ended(@Nullable IOException failure) {
                results.opened(Service.this, found, failure);
            }
        };
        opening = work;
        disk.execute(work);
    }

    /** The file is open. */
    void opened(ChunkSource.Serving with) {
        serving = with;
    }

    /** Whether there are bytes left that no slot was taken for. */
    boolean wantsSlot() {
        return serving != null && !over && next < ask.range().end();
    }

    /** Reads the next piece into a slot, whose memory this is. */
    void fill(int slot, ByteBuffer memory, Results results) {
        ChunkSource.Serving from = serving;
        if (from == null) {
            throw new IllegalStateException("not open");
        }
        memory.limit((int) Math.min(memory.capacity(), ask.range().end() - next));
        Fill fill = new Fill(from.file(), slot, next, memory) {
            @Override
            void ended(@Nullable IOException failure) {
                results.filled(Service.this, this, failure);
            }
        };
        next += fill.length;
        fills.addLast(fill);
        disk.execute(fill);
    }

    /** Whether no slot is being filled, or waits for those before it. */
    boolean isSettled() {
        return fills.isEmpty();
    }

    /** A slot of it was leased, or given back. */
    void leased(int change) {
        leased += change;
    }

    /** The slots that it has. */
    int slots() {
        return fills.size() + leased;
    }

    /** The next piece in order, if it is filled. */
    @Nullable
    Fill takeFilled() {
        Fill first = fills.peekFirst();
        return first != null && first.filled ? fills.removeFirst() : null;
    }

    /** Whether every piece was offered. */
    boolean isOffered() {
        return serving != null && next == ask.range().end() && fills.isEmpty();
    }

    boolean isOver() {
        return over;
    }

    /** Breaks off what is under way; the results still come. The pieces that were filled and not offered go with it. */
    void cancel() {
        over = true;
        DiskWork open = opening;
        if (open != null) {
            open.cancel();
        }
        fills.forEach(DiskWork::cancel);
    }

    /** When no thread reads from the file any more. */
    void close() {
        ChunkSource.Serving there = serving;
        serving = null;
        if (there != null) {
            close(there);
        }
    }

    static void close(ChunkSource.Serving serving) {
        try {
            serving.file().close();
        } catch (IOException e) {
            log.warn("closing the file of {}: {}", serving.file().digest(), e.getMessage());
        } finally {
            serving.over().run();
        }
    }

    ByteRange range() {
        return ask.range();
    }
}
