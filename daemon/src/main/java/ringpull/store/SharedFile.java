package ringpull.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * An existing file that many threads write. The interrupt of one of them closes its {@link FileChannel} for all: the
 * others then go on with another.
 */
final class SharedFile implements Closeable {
    private final Path path;

    /** Only threads that nobody interrupts use it, and it sees every error of the disk, for it is never reopened. */
    private final FileChannel syncing;

    private FileChannel writing;
    private boolean closed;

    SharedFile(Path path) throws IOException {
        this.path = path;
        syncing = FileChannel.open(path, StandardOpenOption.WRITE);
        writing = FileChannel.open(path, StandardOpenOption.WRITE);
    }

    /** Writes all of the buffer and consumes it. */
    void write(long offset, ByteBuffer bytes) throws IOException {
        long start = offset - bytes.position();
        while (bytes.hasRemaining()) {
            FileChannel channel = writing();
            try {
                channel.write(bytes, start + bytes.position());
            } catch (ClosedByInterruptException e) {
                throw e;
            } catch (ClosedChannelException e) {
                reopen();
            }
        }
    }

    private synchronized FileChannel writing() {
        return writing;
    }

    private synchronized void reopen() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        if (!writing.isOpen()) {
            writing = FileChannel.open(path, StandardOpenOption.WRITE);
        }
    }

    /** Brings to the disk what was written, and what is needed to read it. */
    void force() throws IOException {
        syncing.force(false);
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        try {
            writing.close();
        } finally {
            syncing.close();
        }
    }
}
