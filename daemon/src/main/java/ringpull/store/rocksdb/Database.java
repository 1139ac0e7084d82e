package ringpull.store.rocksdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.CompressionType;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Status;

/** The directory of the RocksDB database: opening it, its version, and what is done when it is damaged. */
record Database(Path directory) {
    /** What this program writes, and the only version that it reads. */
    static final int VERSION = 1;

    /** A few MiB are plenty: records are small, and the store reads them once. */
    private static final long MEMTABLE_BYTES = 2L << 20;

    private static final long CACHE_BYTES = 1L << 20;

    /** The database is there, but not readable any more. */
    static final class Damaged extends Exception {
        Damaged(String message) {
            super(message);
        }

        Damaged(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** @throws IOException if it is in use, of a newer version, or the disk fails: nothing was changed then */
    RocksDB open() throws IOException, Damaged {
        new NativeLibrary(directory.resolveSibling("native")).load();
        if (!Files.isDirectory(directory)) {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        RocksDB db;
        try (LRUCache cache = new LRUCache(CACHE_BYTES);
                Options options = options(cache)) {
            db = RocksDB.open(options, directory.toString());
        } catch (RocksDBException e) {
            throw failure("open", e);
        }
        boolean fits = false;
        try {
            checkVersion(db);
            fits = true;
            return db;
        } finally {
            if (!fits) {
                db.close();
            }
        }
    }

    private static Options options(LRUCache cache) {
        return new Options()
                .setCreateIfMissing(true)
                .setWriteBufferSize(MEMTABLE_BYTES)
                .setMaxWriteBufferNumber(2)
                .setMaxTotalWalSize(2 * MEMTABLE_BYTES)
                .setMaxOpenFiles(32)
                .setMaxFileOpeningThreads(1)
                .setMaxBackgroundJobs(2)
                .setManifestPreallocationSize(64 << 10)
                .setSkipStatsUpdateOnDbOpen(true)
                .setStatsDumpPeriodSec(0)
                .setStatsPersistPeriodSec(0)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setKeepLogFileNum(2)
                .setMaxLogFileSize(1 << 20)
                .setCompressionType(CompressionType.NO_COMPRESSION)
                .setTableFormatConfig(new BlockBasedTableConfig().setBlockCache(cache));
    }

    private void checkVersion(RocksDB db) throws IOException, Damaged {
        try {
            byte[] value = db.get(Records.VERSION_KEY);
            if (value == null) {
                requireEmpty(db);
                db.put(Records.VERSION_KEY, Records.version(VERSION));
                return;
            }
            int version = Records.readVersion(value);
            if (version != VERSION) {
                throw new IOException("the index in " + directory + " has version " + version
                        + ", and this ringpull knows only version " + VERSION + ": start the ringpull that wrote it, or"
                        + " remove " + directory + " to begin with an empty store");
            }
        } catch (Records.Unreadable e) {
            throw new Damaged("the version of the index in " + directory + " is unreadable: " + e.getMessage(), e);
        } catch (RocksDBException e) {
            throw failure("read", e);
        }
    }

    private void requireEmpty(RocksDB db) throws RocksDBException, Damaged {
        try (RocksIterator records = db.newIterator()) {
            records.seekToFirst();
            if (records.isValid()) {
                throw new Damaged("the index in " + directory + " has records but no version");
            }
            records.status();
        }
    }

    /** What an exception of RocksDB means here; {@link Damaged} is thrown, the rest is returned. */
    IOException failure(String verb, RocksDBException e) throws Damaged {
        Status status = e.getStatus();
        String message = String.valueOf(e.getMessage());
        boolean damaged = status != null
                && (status.getCode() == Status.Code.Corruption
                        || status.getCode() == Status.Code.NotFound
                        || message.contains("No such file"));
        if (damaged) {
            throw new Damaged("the index in " + directory + " is damaged: " + message, e);
        }
        if (message.contains(directory.resolve("LOCK").toString())) {
            return new IOException(
                    "the store in " + directory.getParent() + " is in use by another ringpull daemon: stop it, or give"
                            + " this one another [node] state directory (" + message + ")",
                    e);
        }
        return new IOException("cannot " + verb + " the index in " + directory + ": " + message, e);
    }

    /** Moves a damaged database away, in place of one that was moved before; returns where it is now. */
    Path setAside() throws IOException {
        Path aside = directory.resolveSibling(directory.getFileName() + ".damaged");
        if (Files.exists(aside)) {
            try (Stream<Path> tree = Files.walk(aside)) {
                List<Path> leavesFirst = tree.sorted(Comparator.reverseOrder()).toList();
                for (Path path : leavesFirst) {
                    Files.delete(path);
                }
            }
        }
        return Files.move(directory, aside);
    }
}
