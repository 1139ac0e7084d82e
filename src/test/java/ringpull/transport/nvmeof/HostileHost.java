package ringpull.transport.nvmeof;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import ringpull.os.Descriptor;

/** What a reader's root can try at a disk that is shown to it. */
final class HostileHost {
    private static final int READ_ONLY_CLOEXEC = 02000000;
    // linux/fs.h
    private static final long BLKROSET = 0x125d;
    private static final long BLKROGET = 0x125e;
    // linux/nvme_ioctl.h: _IOWR('N', 0x41, struct nvme_passthru_cmd)
    private static final long ADMIN_COMMAND = 0xC0484E41L;
    private static final int COMMAND_BYTES = 72;
    // NVMe Base Specification: Set Features, Namespace Write Protection Config.
    private static final byte SET_FEATURES = 0x09;
    private static final int WRITE_PROTECT = 0x84;

    private HostileHost() {}

    /** Writes over the disk's beginning, past the page cache. */
    static void overwrite(Path disk) throws IOException, InterruptedException {
        Process dd = new ProcessBuilder(
                        "dd", "if=/dev/urandom", "of=" + disk, "bs=1M", "count=4", "oflag=direct", "conv=notrunc")
                .redirectErrorStream(true)
                .start();
        String said = new String(dd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (dd.waitFor() != 0) {
            throw new IOException(said);
        }
    }

    /** What the target's kernel says of the namespace to every host: that none may write, or that all may. */
    static void protect(Path disk, boolean on) throws IOException {
        Pointer command = memory(COMMAND_BYTES);
        command.putByte(0, SET_FEATURES);
        command.putInt(4, namespaceOf(disk));
        command.putInt(40, WRITE_PROTECT);
        command.putInt(44, on ? 1 : 0);
        call(disk, ADMIN_COMMAND, command);
    }

    private static int namespaceOf(Path disk) throws IOException {
        Path attribute = Path.of("/sys/class/block", String.valueOf(disk.getFileName()), "nsid");
        return Integer.parseInt(Files.readString(attribute).strip());
    }

    /** What this host's own kernel thinks of the disk. */
    static void readOnly(Path disk, boolean on) throws IOException {
        Pointer flag = memory(4);
        flag.putInt(0, on ? 1 : 0);
        call(disk, BLKROSET, flag);
    }

    static boolean isReadOnly(Path disk) throws IOException {
        Pointer flag = memory(4);
        call(disk, BLKROGET, flag);
        return flag.getInt(0) != 0;
    }

    private static Pointer memory(int bytes) {
        return Memory.allocateDirect(Runtime.getRuntime(Descriptor.Libc.INSTANCE), bytes, true);
    }

    private static void call(Path disk, long request, Pointer argument) throws IOException {
        Descriptor.Libc libc = Descriptor.Libc.INSTANCE;
        int device = libc.open(disk.toString(), READ_ONLY_CLOEXEC, 0);
        if (device < 0) {
            throw new IOException("cannot open " + disk);
        }
        try {
            int status = libc.ioctl(device, request, argument);
            if (status != 0) {
                throw new IOException(disk + ": ioctl " + Long.toHexString(request) + " ends with " + status);
            }
        } finally {
            libc.close(device);
        }
    }
}
