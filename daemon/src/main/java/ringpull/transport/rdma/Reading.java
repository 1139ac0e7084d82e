package ringpull.transport.rdma;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.transport.TransferException;

/**
 * One range on its way: the connection's thread puts pieces in as they are fetched, the reader takes them out in the same order.
 * Slots of the landing memory belong to it in between.
 */
final class Reading {
    /** Pieces that may be on their way or lie here, so that a slow disk does not take all of the landing memory. */
    static final int SLOTS_MAX = 4;

    private final Digest blob;
    private final ByteRange range;
    private final Memory memory;
    private final Deque<Landed> landed = new ArrayDeque<>();
    private @Nullable TransferException failure;
    private boolean cancelled;
    private int slots;
    private boolean begun;

    /** Of the connection's thread alone: the next byte that is to be offered, and when the holder last moved. */
    private long offered;

    private long movedAt;

    /** Of that thread alone: pieces that were offered and are not here yet, and what the holder refused after them. */
    private int underWay;

    private @Nullable TransferException refusal;

    /** A piece in a slot, which whoever took it gives back. */
    record Landed(int slot, long offset, int length) {}

    Reading(Digest blob, ByteRange range, Memory memory) {
        this.blob = blob;
        this.range = range;
        this.memory = memory;
        this.offered = range.offset();
    }

    Digest blob() {
        return blob;
    }

    ByteRange range() {
        return range;
    }

    /** Whether this offer is the next one, and whole: a holder cannot drip bytes. If so it counts as made. */
    boolean accepts(Message.Piece piece, long now) {
        boolean next = piece.offset() == offered
                && piece.length() > 0
                && piece.length() == Math.min(Memory.SLOT_BYTES, range.end() - offered);
        if (next) {
            offered += piece.length();
            movedAt = now;
            underWay++;
        }
        return next;
    }

    /** The holder offers no more of it; what it has offered may still come. */
    void refuse(TransferException why) {
        if (underWay == 0) {
            fail(why);
        } else {
            refusal = why;
        }
    }

    /** One of the offered pieces has landed, or will not. */
    void settle() {
        underWay--;
        TransferException why = refusal;
        if (underWay == 0 && why != null) {
            fail(why);
        }
    }

    /** Whether all of the range was offered. */
    boolean isOffered() {
        return offered == range.end();
    }

    void asked(long now) {
        movedAt = now;
    }

    long movedAt() {
        return movedAt;
    }

    /** Makes room for one more piece, if there may be one. */
    synchronized boolean reserve() {
        if (slots == SLOTS_MAX || isOver()) {
            return false;
        }
        slots++;
        return true;
    }

    synchronized void unreserve() {
        slots--;
    }

    synchronized boolean isFull() {
        return slots == SLOTS_MAX;
    }

    /** Whether the reader wants nothing more, or gets nothing more. */
    synchronized boolean isOver() {
        return cancelled || failure != null;
    }

    /** A fetched piece, whose room was reserved. */
    synchronized void land(Landed piece) {
        if (isOver()) {
            memory.giveBack(piece.slot);
        } else {
            landed.addLast(piece);
            notifyAll();
        }
    }

    /** After the pieces that lie here the reader gets this. */
    synchronized void fail(TransferException why) {
        if (failure == null) {
            failure = why;
            notifyAll();
        }
    }

    /** Waits for the next piece. */
    synchronized Landed take() throws TransferException, InterruptedException {
        while (landed.isEmpty()) {
            TransferException why = failure;
            if (why != null) {
                throw why;
            }
            wait();
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        begun = true;
        return landed.removeFirst();
    }

    /** Whether the reader took anything out. */
    synchronized boolean isBegun() {
        return begun;
    }

    /** The reader is done with a piece that it took. */
    void consumed(Landed piece) {
        unreserve();
        memory.giveBack(piece.slot);
    }

    /** The reader wants nothing more. */
    synchronized void cancel() {
        cancelled = true;
        landed.forEach(piece -> memory.giveBack(piece.slot));
        landed.clear();
    }
}
