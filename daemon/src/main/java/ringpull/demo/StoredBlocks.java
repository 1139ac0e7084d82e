package ringpull.demo;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;

/**
 * Writes gzip and zstd streams whose blocks are stored, not compressed. Random data would not shrink anyway; this way a
 * stream is the same bytes on every machine, needs no library, and its length is known beforehand.
 */
final class StoredBlocks extends OutputStream {
    private static final byte[] GZIP_HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};
    private static final int GZIP_BLOCK = 65_535;
    private static final int GZIP_BLOCK_HEADER = 5;
    private static final int GZIP_TRAILER = 8;

    /** Magic number; a frame with a one-byte dictionary id and a window of 128 KiB; dictionary 0, that is none. */
    private static final byte[] ZSTD_HEADER = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 1, 7 << 3, 0};

    private static final int ZSTD_BLOCK = 128 << 10;
    private static final int ZSTD_BLOCK_HEADER = 3;

    private final OutputStream out;
    private final SampleImage.Compression compression;
    private final byte[] block;
    private final CRC32 crc = new CRC32();
    private int filled;
    private long total;

    StoredBlocks(OutputStream out, SampleImage.Compression compression) throws IOException {
        this.out = out;
        this.compression = compression;
        this.block = new byte[blockSize(compression)];
        switch (compression) {
            case NONE -> {}
            case GZIP -> out.write(GZIP_HEADER);
            case ZSTD -> out.write(ZSTD_HEADER);
        }
    }

    /** How long the stream of this many content bytes is. */
    static long lengthOf(long content, SampleImage.Compression compression) {
        long blocks = Math.ceilDiv(content, blockSize(compression)) + 1;
        return switch (compression) {
            case NONE -> content;
            case GZIP -> GZIP_HEADER.length + content + blocks * GZIP_BLOCK_HEADER + GZIP_TRAILER;
            case ZSTD -> ZSTD_HEADER.length + content + blocks * ZSTD_BLOCK_HEADER;
        };
    }

    private static int blockSize(SampleImage.Compression compression) {
        return switch (compression) {
            case NONE, ZSTD -> ZSTD_BLOCK;
            case GZIP -> GZIP_BLOCK;
        };
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        crc.update(bytes, offset, length);
        total += length;
        int from = offset;
        while (from < offset + length) {
            int step = Math.min(block.length - filled, offset + length - from);
            System.arraycopy(bytes, from, block, filled, step);
            filled += step;
            from += step;
            if (filled == block.length) {
                emit(false);
            }
        }
    }

    private void emit(boolean last) throws IOException {
        switch (compression) {
            case NONE -> {}
            case GZIP ->
                out.write(little(GZIP_BLOCK_HEADER)
                        .put((byte) (last ? 1 : 0))
                        .putShort((short) filled)
                        .putShort((short) ~filled)
                        .array());
            case ZSTD ->
                out.write(little(4).putInt((last ? 1 : 0) | filled << 3).array(), 0, ZSTD_BLOCK_HEADER);
        }
        out.write(block, 0, filled);
        filled = 0;
    }

    @Override
    public void close() throws IOException {
        if (filled > 0) {
            emit(false);
        }
        emit(true);
        if (compression == SampleImage.Compression.GZIP) {
            out.write(little(GZIP_TRAILER)
                    .putInt((int) crc.getValue())
                    .putInt((int) total)
                    .array());
        }
        out.close();
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
