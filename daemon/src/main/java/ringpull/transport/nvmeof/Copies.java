package ringpull.transport.nvmeof;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.Digest;
import ringpull.os.Descriptor;
import ringpull.os.FileSystem;
import ringpull.transport.ChunkSource;

/**
 * Copies of blobs for readers to see. The kernel's target lets every reader write to what it shows, so that is never the
 * stored blob: where files can share blocks it is a file that shares the blob's, one for each reader; elsewhere a sealed
 * file in memory, one for all. One thread makes copies; any closes them.
 */
final class Copies implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Copies.class);

    private final Path directory;
    private final boolean overlay;
    private final boolean sharing;
    private final long memoryMax;
    private long memoryUsed;

    /** Sealed files in memory, by least recent use. */
    private final SequencedMap<Digest, InMemory> inMemory = new LinkedHashMap<>(16, 0.75f, true);

    private static final class InMemory {
        final Descriptor file;
        final long bytes;
        int users;

        InMemory(Descriptor file, long bytes) {
            this.file = file;
            this.bytes = bytes;
        }
    }

    /**
     * @param directory for files that share blocks with blobs; emptied
     * @param memoryMax bytes of files in memory; 0: none
     */
    Copies(Path directory, long memoryMax) throws IOException {
        this.directory = Files.createDirectories(directory);
        this.memoryMax = memoryMax;
        try (DirectoryStream<Path> left = Files.newDirectoryStream(directory)) {
            for (Path file : left) {
                Files.delete(file);
            }
        }
        this.overlay = FileSystem.isOverlay(this.directory);
        this.sharing = !overlay && canShare();
    }

    /** Whether files in the directory can share blocks. */
    private boolean canShare() throws IOException {
        Path first = directory.resolve("probe-1");
        Path second = directory.resolve("probe-2");
        try (Descriptor source = Descriptor.create(first);
                Descriptor target = Descriptor.create(second);
                FileChannel channel = source.channel()) {
            channel.write(ByteBuffer.wrap(new byte[Layout.BLOCK_BYTES]));
            target.share(source, 0);
            return true;
        } catch (IOException e) {
            log.debug("no shared blocks in {}: {}", directory, e.getMessage());
            return false;
        } finally {
            Files.deleteIfExists(first);
            Files.deleteIfExists(second);
        }
    }

    /** How, in a few words; empty if this node can make none. */
    String how() {
        return sharing ? "blocks shared on disk" : memoryMax > 0 ? "files in memory" : "";
    }

    /** Why none are made on disk; where blocks can be shared above another file system, the kernel still shows nothing of it. */
    String whyNotOnDisk() {
        return overlay
                ? directory + " is on overlayfs, of which the kernel would show disks of size 0: put [node] state on a"
                        + " volume (XFS with reflinks, or Btrfs)"
                : directory + " is on a file system that cannot share blocks between files (XFS and Btrfs can)";
    }

    /** One copy, for one reader. Closing it twice does nothing. */
    interface Copy extends AutoCloseable {
        Descriptor file();

        @Override
        void close();
    }

    /**
     * Makes a copy, or finds one.
     *
     * @throws ChunkSource.Busy if there is no room for it now
     */
    Copy of(BlobFile blob) throws IOException {
        return sharing ? shared(blob) : inMemory(blob);
    }

    private Copy shared(BlobFile blob) throws IOException {
        Path name = Files.createTempFile(directory, "export-", "");
        Files.delete(name);
        Descriptor file = Descriptor.create(name);
        try {
            // Nothing is left of it once it is closed here and in the kernel, whatever happens.
            Files.delete(name);
            fill(file, blob);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
        return new Copy() {
            @Override
            public Descriptor file() {
                return file;
            }

            @Override
            public void close() {
                file.close();
            }
        };
    }

    private Copy inMemory(BlobFile blob) throws IOException {
        long bytes = Layout.diskBytes(blob.sizeBytes());
        synchronized (this) {
            InMemory known = inMemory.get(blob.digest());
            if (known != null) {
                return use(known);
            }
            makeRoom(bytes);
            memoryUsed += bytes;
        }
        boolean kept = false;
        Descriptor file = Descriptor.inMemory("ringpull " + blob.digest().hex());
        try {
            fill(file, blob);
            file.seal();
            synchronized (this) {
                InMemory made = new InMemory(file, bytes);
                inMemory.put(blob.digest(), made);
                kept = true;
                return use(made);
            }
        } finally {
            if (!kept) {
                file.close();
                synchronized (this) {
                    memoryUsed -= bytes;
                }
            }
        }
    }

    private void makeRoom(long bytes) throws ChunkSource.Busy {
        var unused = inMemory.values().iterator();
        while (memoryUsed + bytes > memoryMax && unused.hasNext()) {
            InMemory oldest = unused.next();
            if (oldest.users == 0) {
                oldest.file.close();
                memoryUsed -= oldest.bytes;
                unused.remove();
            }
        }
        if (memoryUsed + bytes > memoryMax) {
            throw new ChunkSource.Busy("no room for " + bytes + " bytes in memory: [nvmeof] memory");
        }
    }

    private Copy use(InMemory one) {
        one.users++;
        return new Copy() {
            private boolean closed;

            @Override
            public Descriptor file() {
                return one.file;
            }

            @Override
            public void close() {
                synchronized (Copies.this) {
                    if (!closed) {
                        closed = true;
                        one.users--;
                    }
                }
            }
        };
    }

    /** From file to file inside the kernel; where blocks can be shared, they are. */
    private static void fill(Descriptor file, BlobFile blob) throws IOException {
        try (FileChannel to = file.channel()) {
            to.write(ByteBuffer.wrap(new byte[1]), Layout.diskBytes(blob.sizeBytes()) - 1);
            to.position(Layout.LEAD_BYTES);
            long done = 0;
            while (done < blob.sizeBytes()) {
                long moved = blob.channel().transferTo(done, blob.sizeBytes() - done, to);
                if (moved <= 0) {
                    throw new IOException("the file of " + blob.digest() + " ends early");
                }
                done += moved;
            }
        }
    }

    synchronized long memoryUsed() {
        return memoryUsed;
    }

    @Override
    public synchronized void close() {
        Map<Digest, InMemory> all = new HashMap<>(inMemory);
        inMemory.clear();
        all.values().forEach(one -> one.file.close());
        memoryUsed = 0;
    }
}
