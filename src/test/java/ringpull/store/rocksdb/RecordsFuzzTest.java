package ringpull.store.rocksdb;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.fuzz.Fuzz;
import ringpull.store.Index.PartialRecord;
import ringpull.store.StoredBlob;
import ringpull.store.TagRecords.TagRecord;

/** What may be found in the index: bytes that another program or a broken disk left, with a checksum that is right. */
class RecordsFuzzTest {
    private static final Digest DIGEST = Digest.parse("sha256:" + "0123456789abcdef".repeat(4));
    private static final ImageName TAG = ImageName.parse("r.example/a:b");
    private static final Instant TIME = Instant.ofEpochMilli(1_700_000_000_000L);

    private interface Read {
        void read(byte[] value) throws Records.Unreadable;
    }

    private static void fuzz(String name, byte[] key, byte[] good, Read read) {
        new Fuzz(name, Records.Unreadable.class)
                .with(Arrays.copyOf(good, good.length - Integer.BYTES))
                .bytes(input -> {
                    CRC32C crc = new CRC32C();
                    crc.update(key);
                    crc.update(input);
                    byte[] value = ByteBuffer.allocate(input.length + Integer.BYTES)
                            .put(input)
                            .putInt((int) crc.getValue())
                            .array();
                    read.read(value);
                });
    }

    @Test
    void blobs() {
        byte[] key = Records.key(Records.BLOB, DIGEST);
        byte[] good = Records.blob(new StoredBlob(DIGEST, 7, "application/x", Set.of("docker.io/a", "peer"), TIME));
        fuzz("Records.blob", key, good, value -> Records.readBlob(key, value));
    }

    @Test
    void partials() {
        BitSet present = new BitSet();
        present.set(0, 20);
        byte[] key = Records.key(Records.PARTIAL, DIGEST);
        byte[] good = Records.partial(DIGEST, new PartialRecord(64 << 20, true, present, 3, TIME));
        fuzz("Records.partial", key, good, value -> Records.readPartial(key, value));
    }

    @Test
    void tags() {
        byte[] key = Records.key(TAG);
        byte[] good = Records.tag(TAG, new TagRecord(DIGEST, "application/x", 9, TIME));
        fuzz("Records.tag", key, good, value -> Records.readTag(key, value));
    }

    @Test
    void keys() {
        new Fuzz("Records.key", Records.Unreadable.class)
                .with(Records.key(TAG))
                .with(Records.key(Records.BLOB, DIGEST))
                .bytes(input -> {
                    if (input.length > 0) { // RocksDB's iteration is by the first byte
                        Records.tag(input);
                        Records.digest(input);
                    }
                });
    }
}
