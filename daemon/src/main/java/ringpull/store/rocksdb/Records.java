package ringpull.store.rocksdb;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32C;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.blob.Repository;
import ringpull.store.Index.Checked;
import ringpull.store.Index.PartialRecord;
import ringpull.store.StoredBlob;
import ringpull.store.TagRecords.TagRecord;

/**
 * Keys and values of the index. A key is a letter and a name; a value ends in a CRC-32C over key and value, so that a
 * record that was altered, cut or put under another key is seen as such.
 */
final class Records {
    static final byte BLOB = 'b';
    static final byte LADDER = 'l';

    /** A ladder that a partial blob is checked against. */
    static final byte CLAIM = 'c';

    static final byte PARTIAL = 'p';
    static final byte TAG = 't';

    /** The key of the index's version. */
    static final byte[] VERSION_KEY = {'v'};

    private static final int CHECKSUM_BYTES = Integer.BYTES;

    private Records() {}

    /** A record is not what was written. */
    static final class Unreadable extends Exception {
        Unreadable(String message) {
            super(message);
        }
    }

    static byte[] key(byte kind, Digest digest) {
        return ByteBuffer.allocate(1 + Digest.SIZE_BYTES)
                .put(kind)
                .put(digest.bytes())
                .array();
    }

    /** Of a page of a proven ladder. */
    static byte[] key(Digest digest, int ladderPage) {
        return key(LADDER, digest, ladderPage);
    }

    static byte[] key(byte kind, Digest digest, int page) {
        return ByteBuffer.allocate(1 + Digest.SIZE_BYTES + Integer.BYTES)
                .put(kind)
                .put(digest.bytes())
                .putInt(page)
                .array();
    }

    static byte[] ladderPage(byte[] key, byte[] rungs) {
        return write(key, out -> out.write(rungs));
    }

    static byte[] readLadderPage(byte[] key, byte[] value) throws Unreadable {
        return read(key, value, DataInputStream::readAllBytes);
    }

    static byte[] key(ImageName tag) {
        Repository repository = tag.repository();
        String name = repository.registry() + '\0' + repository.path() + '\0' + tag.reference();
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(1 + text.length).put(TAG).put(text).array();
    }

    static Digest digest(byte[] key) throws Unreadable {
        if (key.length != 1 + Digest.SIZE_BYTES) {
            throw new Unreadable("a key of " + key.length + " bytes names no digest");
        }
        return Digest.ofBytes(Arrays.copyOfRange(key, 1, key.length));
    }

    static ImageName tag(byte[] key) throws Unreadable {
        String[] parts = new String(key, 1, key.length - 1, StandardCharsets.UTF_8).split("\0", -1);
        try {
            if (parts.length == 3) {
                return new ImageName(new Repository(parts[0], parts[1]), parts[2]);
            }
        } catch (IllegalArgumentException e) {
            throw new Unreadable("its key names no tag: " + e.getMessage());
        }
        throw new Unreadable("its key names no tag");
    }

    static byte[] version(int version) {
        return write(VERSION_KEY, out -> out.writeInt(version));
    }

    static int readVersion(byte[] value) throws Unreadable {
        return read(VERSION_KEY, value, DataInputStream::readInt);
    }

    static byte[] blob(StoredBlob blob) {
        return write(key(BLOB, blob.digest()), out -> {
            out.writeLong(blob.sizeBytes());
            out.writeUTF(blob.mediaType());
            out.writeLong(blob.lastUse().toEpochMilli());
            out.writeInt(blob.sources().size());
            for (String source : blob.sources()) {
                out.writeUTF(source);
            }
        });
    }

    static StoredBlob readBlob(byte[] key, byte[] value) throws Unreadable {
        Digest digest = digest(key);
        return read(key, value, in -> {
            long size = in.readLong();
            String mediaType = in.readUTF();
            Instant lastUse = Instant.ofEpochMilli(in.readLong());
            Set<String> sources = new HashSet<>();
            for (int left = in.readInt(); left > 0; left--) {
                sources.add(in.readUTF());
            }
            return new StoredBlob(digest, size, mediaType, sources, lastUse);
        });
    }

    static byte[] partial(Digest digest, PartialRecord partial) {
        return write(key(PARTIAL, digest), out -> {
            out.writeLong(partial.sizeBytes());
            out.writeBoolean(partial.allocated());
            out.writeLong(partial.lastUse().toEpochMilli());
            writeChunks(out, partial.present());
            out.writeInt(partial.rungs());
            if (partial.checked().isPresent()) {
                out.writeBoolean(partial.checked().get().own());
                writeChunks(out, partial.checked().get().held());
            }
        });
    }

    private static void writeChunks(DataOutputStream out, BitSet chunks) throws IOException {
        byte[] bits = chunks.toByteArray();
        out.writeInt(bits.length);
        out.write(bits);
    }

    private static BitSet readChunks(DataInputStream in) throws IOException {
        return BitSet.valueOf(in.readNBytes(in.readInt()));
    }

    static PartialRecord readPartial(byte[] key, byte[] value) throws Unreadable {
        PartialRecord partial = read(key, value, in -> {
            long size = in.readLong();
            boolean allocated = in.readBoolean();
            Instant lastUse = Instant.ofEpochMilli(in.readLong());
            BitSet present = readChunks(in);
            int rungs = in.available() > 0 ? in.readInt() : 0; // before ladders were kept there was none
            Optional<Checked> checked =
                    in.available() > 0 ? Optional.of(new Checked(in.readBoolean(), readChunks(in))) : Optional.empty();
            return new PartialRecord(size, allocated, present, rungs, lastUse, checked);
        });
        long size = partial.sizeBytes();
        if (size < 0 || size > Chunk.BLOB_BYTES_MAX || partial.present().length() > Chunk.count(size)) {
            throw new Unreadable("it has chunks beyond its " + size + " bytes");
        }
        if (partial.rungs() < 0 || partial.rungs() > partial.present().nextClearBit(0)) {
            throw new Unreadable("it has rungs of absent chunks");
        }
        BitSet absent = partial.checked().map(Checked::held).orElse(new BitSet());
        absent.andNot(partial.present());
        if (!absent.isEmpty()) {
            throw new Unreadable("it has checked absent chunks");
        }
        return partial;
    }

    static byte[] tag(ImageName tag, TagRecord record) {
        return write(key(tag), out -> {
            out.write(record.digest().bytes());
            out.writeUTF(record.mediaType());
            out.writeLong(record.sizeBytes());
            out.writeLong(record.resolvedAt().toEpochMilli());
        });
    }

    static TagRecord readTag(byte[] key, byte[] value) throws Unreadable {
        return read(
                key,
                value,
                in -> new TagRecord(
                        Digest.ofBytes(in.readNBytes(Digest.SIZE_BYTES)),
                        in.readUTF(),
                        in.readLong(),
                        Instant.ofEpochMilli(in.readLong())));
    }

    private interface Writer {
        void write(DataOutputStream out) throws IOException;
    }

    private interface Reader<T> {
        T read(DataInputStream in) throws IOException;
    }

    private static byte[] write(byte[] key, Writer writer) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            writer.write(out);
            out.writeInt(checksum(key, bytes.toByteArray(), bytes.size()));
        } catch (IOException e) {
            throw new UncheckedIOException("a text is too long for a record", e);
        }
        return bytes.toByteArray();
    }

    private static <T> T read(byte[] key, byte[] value, Reader<T> reader) throws Unreadable {
        int length = value.length - CHECKSUM_BYTES;
        if (length < 0 || ByteBuffer.wrap(value).getInt(length) != checksum(key, value, length)) {
            throw new Unreadable("its checksum is wrong");
        }
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(value, 0, length))) {
            T record = reader.read(in);
            if (in.available() > 0) {
                throw new Unreadable("it is longer than it should be");
            }
            return record;
        } catch (IOException | IllegalArgumentException | DateTimeException e) {
            throw new Unreadable("it is cut short or malformed: " + e);
        }
    }

    private static int checksum(byte[] key, byte[] value, int length) {
        CRC32C crc = new CRC32C();
        crc.update(key);
        crc.update(value, 0, length);
        return (int) crc.getValue();
    }
}
