package ringpull.helper;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.HexFormat;
import java.util.zip.CRC32;

/** What the kernel calls our things, so that they are told from those of others. */
final class Names {
    private static final String PREFIX = "nqn.2026-11.ringpull:";

    /** Of a target, as its one reader knows it; then the session. */
    static final String SUBSYSTEM = PREFIX + "blobs-";

    /** Of a reader; then the session. */
    static final String HOST = PREFIX + "reader-";

    /** By which udev and LVM rules know our disks: see {@code systemd/}. */
    static final String MODEL = "ringpull";

    private Names() {}

    /** A key as both ends of DH-HMAC-CHAP write it: unhashed, with its CRC-32. */
    static String secret(Request.Key key) {
        byte[] bytes = HexFormat.of().parseHex(key.hex());
        CRC32 crc = new CRC32();
        crc.update(bytes);
        byte[] whole = ByteBuffer.allocate(bytes.length + 4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(bytes)
                .putInt((int) crc.getValue())
                .array();
        return "DHHC-1:00:" + Base64.getEncoder().encodeToString(whole) + ":";
    }
}
