package ringpull.store.rocksdb;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.zip.CRC32;
import org.rocksdb.RocksDB;
import org.rocksdb.util.Environment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * RocksDB's native code for this processor, unpacked from its jar once: by itself it is unpacked to the temporary
 * directory at each start, which takes a while and fails where nothing may be executed there.
 *
 * @param directory owned and written by this daemon's user only
 */
record NativeLibrary(Path directory) {
    private static final Logger log = LoggerFactory.getLogger(NativeLibrary.class);
    private static final int STEP_BYTES = 64 << 10;
    private static boolean loaded;

    /** Loads it once for this process, from the temporary directory if it must be. */
    void load() throws IOException {
        synchronized (NativeLibrary.class) {
            if (!loaded) {
                loadNow();
                loaded = true;
            }
        }
    }

    private void loadNow() throws IOException {
        try {
            unpack();
            RocksDB.loadLibrary(List.of(directory.toString()));
            return;
        } catch (IOException | UnsatisfiedLinkError e) {
            log.warn(
                    "RocksDB's library in {} cannot be used, and is unpacked at each start: {}",
                    directory,
                    e.toString());
        }
        try {
            RocksDB.loadLibrary();
        } catch (RuntimeException | LinkageError e) {
            throw new IOException(
                    "RocksDB's native library can be run neither from " + directory + " nor from "
                            + System.getProperty("java.io.tmpdir") + " (are both mounted noexec?): " + e,
                    e);
        }
    }

    /** Makes sure that the file is there and whole; a file of another release or one that is damaged is replaced. */
    Path unpack() throws IOException {
        Path file = directory.resolve(Environment.getJniLibraryFileName("rocksdbjni"));
        JarEntry packed = packed();
        if (isIntact(file, packed)) {
            return file;
        }
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path unpacked = Files.createTempFile(directory, "unpacking-", "");
        try (InputStream in = resource().openStream()) {
            Files.copy(in, unpacked, StandardCopyOption.REPLACE_EXISTING);
            // A daemon that runs keeps the old file: it goes by its inode.
            return Files.move(unpacked, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unpacked);
        }
    }

    private static URL resource() throws IOException {
        String name = "/" + Environment.getJniLibraryFileName("rocksdb");
        URL resource = RocksDB.class.getResource(name);
        if (resource == null) {
            throw new FileNotFoundException("RocksDB's jar has no " + name);
        }
        return resource;
    }

    private static JarEntry packed() throws IOException {
        if (resource().openConnection() instanceof JarURLConnection connection) {
            JarEntry entry = connection.getJarEntry();
            if (entry != null) {
                return entry;
            }
        }
        throw new FileNotFoundException(resource() + " is in no jar");
    }

    /** The jar's own checksum finds what a power loss or a bad disk does; nobody else may write here. */
    private static boolean isIntact(Path file, JarEntry packed) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) != packed.getSize()) {
            return false;
        }
        CRC32 sum = new CRC32();
        ByteBuffer step = ByteBuffer.allocateDirect(STEP_BYTES);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (channel.read(step) >= 0) {
                sum.update(step.flip());
                step.clear();
            }
        }
        return sum.getValue() == packed.getCrc();
    }
}
