package ringpull.transport.nvmeof;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A leased blob as a disk that is open: closed when it is wanted no more and the last read has ended. For any thread. */
final class OpenDisk {
    private final Lease lease;
    private final Targets.Disk disk;
    private final Runnable closed;
    private int users;
    private boolean ended;
    private long lastUse = System.nanoTime();
    private long renewal;

    /** @param closed run once, when it was closed */
    OpenDisk(Lease lease, Targets.Disk disk, Runnable closed) {
        this.lease = lease;
        this.disk = disk;
        this.closed = closed;
        renewed();
    }

    Lease lease() {
        return lease;
    }

    /** For a read; false if it was ended meanwhile. */
    synchronized boolean enter() {
        if (ended) {
            return false;
        }
        users++;
        lastUse = System.nanoTime();
        return true;
    }

    /** For a part of a read that has entered. */
    synchronized void retain() {
        users++;
    }

    void release() {
        boolean last;
        synchronized (this) {
            users--;
            lastUse = System.nanoTime();
            last = ended && users == 0;
        }
        if (last) {
            close();
        }
    }

    /** No read enters any more. */
    void end() {
        boolean last;
        synchronized (this) {
            last = !ended && users == 0;
            ended = true;
        }
        if (last) {
            close();
        }
    }

    private void close() {
        disk.close();
        closed.run();
    }

    synchronized boolean isEnded() {
        return ended;
    }

    synchronized boolean isIdleSince(long nanos) {
        return users == 0 && lastUse - nanos <= 0;
    }

    /** The holder shows it as long again from now on. */
    synchronized void renewed() {
        renewal = System.nanoTime() + lease.lifetime().toNanos() / 3;
    }

    /** Whether the holder should hear that it is still read; at most one caller hears yes at a time. */
    synchronized boolean wantsRenewal() {
        if (System.nanoTime() - renewal < 0) {
            return false;
        }
        renewed();
        return true;
    }

    int read(ByteBuffer direct, long offset) throws IOException {
        return disk.read(direct, offset);
    }
}
