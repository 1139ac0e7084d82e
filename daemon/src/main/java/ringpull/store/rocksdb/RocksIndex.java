package ringpull.store.rocksdb;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.store.Index;
import ringpull.store.StoredBlob;
import ringpull.store.TagRecords.TagRecord;

/**
 * The index in RocksDB. A write that is not durable is in the kernel's hands when it returns, and so outlives the
 * daemon; a durable one is synced, together with all before it.
 */
final class RocksIndex implements Index {
    private static final Logger log = LoggerFactory.getLogger(RocksIndex.class);

    /** Pages that are written together: some 512 KiB. */
    private static final int PAGES_A_BATCH = 32;

    /** Sorts behind every page of a ladder, before any other record. */
    private static final byte[] AFTER_LADDERS = {Records.LADDER + 1};

    private static final byte[] AFTER_CLAIMS = {Records.CLAIM + 1};

    private final Database database;

    /** Held for reading by every call: the database is not closed, or opened anew, under a call that is under way. */
    private final ReadWriteLock inUse = new ReentrantReadWriteLock();

    private @Nullable RocksDB db;
    private boolean closed;
    private @Nullable Contents contents;

    private RocksIndex(Database database, RocksDB db, Contents contents) {
        this.database = database;
        this.db = db;
        this.contents = contents;
    }

    /** Opens the database and reads all of it, so that damage is found now and not later. */
    static RocksIndex open(Database database) throws IOException, Database.Damaged {
        RocksDB db = database.open();
        boolean opened = false;
        try {
            Contents contents = read(db);
            opened = true;
            return new RocksIndex(database, db, contents);
        } catch (RocksDBException e) {
            throw database.failure("read", e);
        } finally {
            if (!opened) {
                db.close();
            }
        }
    }

    private static Contents read(RocksDB db) throws RocksDBException {
        List<StoredBlob> blobs = new ArrayList<>();
        Map<Digest, PartialRecord> partials = new HashMap<>();
        Map<ImageName, TagRecord> tags = new HashMap<>();
        List<byte[]> unreadable = new ArrayList<>();
        try (RocksIterator records = db.newIterator()) {
            for (records.seekToFirst(); records.isValid(); records.next()) {
                byte[] key = records.key();
                if (key.length > 0 && (key[0] == Records.LADDER || key[0] == Records.CLAIM)) {
                    // Ladders are most of the bytes here, and read when they are asked for.
                    records.seekForPrev(key[0] == Records.LADDER ? AFTER_LADDERS : AFTER_CLAIMS);
                    continue;
                }
                byte[] value = records.value();
                try {
                    switch (key.length == 0 ? 0 : key[0]) {
                        case Records.BLOB -> blobs.add(Records.readBlob(key, value));
                        case Records.PARTIAL -> partials.put(Records.digest(key), Records.readPartial(key, value));
                        case Records.TAG -> tags.put(Records.tag(key), Records.readTag(key, value));
                        case 'v' -> {} // read before
                        default -> throw new Records.Unreadable("its key is of no known kind");
                    }
                } catch (Records.Unreadable e) {
                    log.warn("a record of the index is dropped: {}", e.getMessage());
                    unreadable.add(key);
                }
            }
            records.status();
        }
        for (byte[] key : unreadable) {
            db.delete(key);
        }
        return new Contents(blobs, partials, tags);
    }

    @Override
    public Contents load() {
        Contents loaded = contents;
        contents = null;
        if (loaded == null) {
            throw new IllegalStateException("an index is loaded once");
        }
        return loaded;
    }

    @Override
    public void complete(StoredBlob blob, int firstPage, List<byte[]> pages) throws IOException {
        writePages(Records.LADDER, blob.digest(), firstPage, pages);
        write(true, batch -> {
            batch.put(Records.key(Records.BLOB, blob.digest()), Records.blob(blob));
            batch.delete(Records.key(Records.PARTIAL, blob.digest()));
            deletePages(batch, Records.CLAIM, blob.digest());
        });
    }

    @Override
    public void ladder(Digest digest, List<byte[]> pages) throws IOException {
        writePages(Records.LADDER, digest, 0, pages);
    }

    @Override
    public void claim(Digest digest, List<byte[]> pages) throws IOException {
        writePages(Records.CLAIM, digest, 0, pages);
    }

    @Override
    public void demote(Digest digest, PartialRecord record, List<byte[]> claim) throws IOException {
        writePages(Records.CLAIM, digest, 0, claim);
        write(true, batch -> {
            batch.delete(Records.key(Records.BLOB, digest));
            batch.put(Records.key(Records.PARTIAL, digest), Records.partial(digest, record));
        });
    }

    private void writePages(byte kind, Digest digest, int firstPage, List<byte[]> pages) throws IOException {
        for (int from = 0; from < pages.size(); from += PAGES_A_BATCH) {
            int first = from;
            int end = Math.min(pages.size(), from + PAGES_A_BATCH);
            write(false, batch -> putPages(batch, kind, digest, firstPage + first, pages.subList(first, end)));
        }
    }

    private static void putPages(WriteBatch batch, byte kind, Digest digest, int firstPage, List<byte[]> pages)
            throws RocksDBException {
        for (int i = 0; i < pages.size(); i++) {
            byte[] key = Records.key(kind, digest, firstPage + i);
            batch.put(key, Records.ladderPage(key, pages.get(i)));
        }
    }

    private static void deletePages(WriteBatch batch, byte kind, Digest digest) throws RocksDBException {
        batch.deleteRange(Records.key(kind, digest, 0), Records.key(kind, digest, Integer.MAX_VALUE));
    }

    @Override
    public Optional<byte[]> ladderPage(Digest digest, int page) throws IOException {
        return page(Records.LADDER, digest, page);
    }

    @Override
    public Optional<byte[]> claimPage(Digest digest, int page) throws IOException {
        return page(Records.CLAIM, digest, page);
    }

    private Optional<byte[]> page(byte kind, Digest digest, int page) throws IOException {
        byte[] key = Records.key(kind, digest, page);
        byte[] value;
        inUse.readLock().lock();
        try {
            RocksDB open = db;
            if (closed || open == null) {
                throw new IOException("the store is closed");
            }
            value = open.get(key);
        } catch (RocksDBException e) {
            throw new IOException("the index in " + database.directory() + " cannot be read: " + e.getMessage(), e);
        } finally {
            inUse.readLock().unlock();
        }
        if (value == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(Records.readLadderPage(key, value));
        } catch (Records.Unreadable e) {
            log.warn("page {} of the ladder of {} is damaged: {}", page, digest, e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public void update(Collection<StoredBlob> blobs) throws IOException {
        write(false, batch -> {
            for (StoredBlob blob : blobs) {
                batch.put(Records.key(Records.BLOB, blob.digest()), Records.blob(blob));
            }
        });
    }

    @Override
    public void remove(Digest digest) throws IOException {
        write(false, batch -> {
            batch.delete(Records.key(Records.BLOB, digest));
            deletePages(batch, Records.LADDER, digest);
        });
    }

    @Override
    public void partial(Digest digest, PartialRecord record, boolean durable, int firstPage, List<byte[]> pages)
            throws IOException {
        write(durable, batch -> {
            batch.put(Records.key(Records.PARTIAL, digest), Records.partial(digest, record));
            putPages(batch, Records.LADDER, digest, firstPage, pages);
        });
    }

    @Override
    public void removePartial(Digest digest) throws IOException {
        write(true, batch -> {
            batch.delete(Records.key(Records.PARTIAL, digest));
            deletePages(batch, Records.LADDER, digest);
            deletePages(batch, Records.CLAIM, digest);
        });
    }

    @Override
    public void tag(ImageName tag, TagRecord record) throws IOException {
        write(false, batch -> batch.put(Records.key(tag), Records.tag(tag, record)));
    }

    @Override
    public void removeTag(ImageName tag) throws IOException {
        write(false, batch -> batch.delete(Records.key(tag)));
    }

    private interface Edit {
        void fill(WriteBatch batch) throws RocksDBException;
    }

    /** After a full disk RocksDB refuses every write until it is opened anew; that is tried once for each write. */
    private void write(boolean durable, Edit edit) throws IOException {
        try (WriteBatch batch = new WriteBatch();
                WriteOptions options = new WriteOptions().setSync(durable)) {
            edit.fill(batch);
            RocksDB refusing = null;
            try {
                write(options, batch);
                return;
            } catch (Refused e) {
                log.warn("{}; it is opened anew", e.getMessage());
                refusing = e.db;
            }
            reopen(refusing);
            write(options, batch);
        } catch (Refused | RocksDBException | Database.Damaged e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private void write(WriteOptions options, WriteBatch batch) throws IOException, Refused {
        inUse.readLock().lock();
        try {
            if (closed) {
                throw new IOException("the store is closed");
            }
            RocksDB open = db;
            if (open == null) {
                throw new Refused("the index in " + database.directory() + " is not open", null);
            }
            try {
                open.write(options, batch);
            } catch (RocksDBException e) {
                throw new Refused("the index in " + database.directory() + " refused a write: " + e.getMessage(), open);
            }
        } finally {
            inUse.readLock().unlock();
        }
    }

    private static final class Refused extends Exception {
        private final transient @Nullable RocksDB db;

        Refused(String message, @Nullable RocksDB db) {
            super(message);
            this.db = db;
        }
    }

    private void reopen(@Nullable RocksDB refusing) throws IOException, Database.Damaged {
        inUse.writeLock().lock();
        try {
            boolean reopenedByAnother = db != null && (refusing == null || !refusing.isOwningHandle());
            if (!closed && !reopenedByAnother) {
                closeDb();
                db = database.open();
            }
        } finally {
            inUse.writeLock().unlock();
        }
    }

    private void closeDb() {
        RocksDB open = db;
        db = null;
        if (open != null) {
            open.close();
        }
    }

    @Override
    public void close() {
        inUse.writeLock().lock();
        try {
            closed = true;
            closeDb();
        } finally {
            inUse.writeLock().unlock();
        }
    }
}
