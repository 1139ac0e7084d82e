package ringpull.helper;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import ringpull.os.UnixSocket;

/** A peer that sends any bytes, and any number of files, as {@link UnixSocket} never would. */
final class RawPeer implements AutoCloseable {
    private static final UnixSocket.Libc LIBC = UnixSocket.Libc.INSTANCE;
    private static final int SEQPACKET_CLOSE_ON_EXEC = 5 | 02000000;
    private static final int NO_SIGNAL = 0x4000;
    private static final int BYTES_MAX = 16 << 10;
    private static final int ADDRESS_BYTES = 110;

    private final int number;
    private final Pointer header = memory(56);
    private final Pointer vector = memory(16);
    private final Pointer buffer = memory(BYTES_MAX);
    private final Pointer control = memory(1024);

    /** @param seconds to wait for an answer, and until a message goes */
    RawPeer(Path path, int seconds) throws IOException {
        number = LIBC.socket(1, SEQPACKET_CLOSE_ON_EXEC, 0);
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        Pointer address = memory(ADDRESS_BYTES);
        address.putShort(0, (short) 1);
        address.put(2, name, 0, name.length);
        Pointer time = memory(16);
        time.putLong(0, seconds);
        if (LIBC.connect(number, address, ADDRESS_BYTES) != 0
                || LIBC.setsockopt(number, 1, 20, time, 16) != 0
                || LIBC.setsockopt(number, 1, 21, time, 16) != 0) {
            throw new IOException("cannot connect to " + path);
        }
    }

    private static Pointer memory(int bytes) {
        return Memory.allocateDirect(Runtime.getRuntime(LIBC), bytes, true);
    }

    /**
     * Sends a message, with so many open files beside it.
     *
     * @return false if it did not go in time
     */
    boolean send(byte[] bytes, int files) {
        buffer.put(0, bytes, 0, bytes.length);
        int controlBytes = files == 0 ? 0 : (16 + 4 * files + 7) / 8 * 8;
        control.putLong(0, 16 + 4L * files);
        control.putInt(8, 1);
        control.putInt(12, 1);
        for (int file = 0; file < files; file++) {
            control.putInt(16 + 4L * file, 2); // standard error, which every process has
        }
        prepare(bytes.length, controlBytes);
        return LIBC.sendmsg(number, header, NO_SIGNAL) >= 0;
    }

    /** The next answer; empty if the other end closed. */
    String receive() throws IOException {
        prepare(BYTES_MAX, 0);
        long length = LIBC.recvmsg(number, header, 0);
        if (length < 0) {
            throw new IOException("no answer");
        }
        byte[] bytes = new byte[(int) length];
        buffer.get(0, bytes, 0, bytes.length);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private void prepare(int bytes, int controlBytes) {
        vector.putAddress(0, buffer.address());
        vector.putLong(8, bytes);
        header.putAddress(16, vector.address());
        header.putLong(24, 1);
        header.putAddress(32, controlBytes == 0 ? 0 : control.address());
        header.putLong(40, controlBytes);
        header.putLong(48, 0);
    }

    @Override
    public void close() {
        LIBC.close(number);
    }
}
