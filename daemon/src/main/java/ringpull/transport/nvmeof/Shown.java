package ringpull.transport.nvmeof;

import java.util.UUID;

/** A blob that one reader sees. Used by the thread of {@link Exports}. */
final class Shown {
    final UUID namespace = UUID.randomUUID();
    final Copies.Copy copy;
    final long sizeBytes;
    long until;

    Shown(Copies.Copy copy, long sizeBytes) {
        this.copy = copy;
        this.sizeBytes = sizeBytes;
    }

    void extend() {
        until = System.nanoTime() + Exports.LEASE.toNanos();
    }
}
