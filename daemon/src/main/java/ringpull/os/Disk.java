package ringpull.os;

import java.io.IOException;
import java.nio.file.Path;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;

/** Room on disk, as only libc hands it out. Safe for many threads; calls may block, so keep them off virtual threads. */
public final class Disk {
    // Linux's numbers, the same on x86_64, aarch64 and riscv64.
    private static final int CREATE_EMPTY_READ_WRITE_CLOEXEC = 02 | 0100 | 01000 | 02000000;
    private static final int OWNER_ONLY = 0600;
    private static final int EINTR = 4;
    private static final int ENOSPC = 28;
    private static final int ENOSYS = 38;
    private static final int EOPNOTSUPP = 95;
    private static final int EDQUOT = 122;

    private Disk() {}

    /** Binds libc now, which takes a while, and not at the first call. */
    public static void prepare() {
        Libc.INSTANCE.strerror(0);
    }

    /** How an attempt to get room for a file ended. */
    public enum Allocation {
        /** The file is there, with its size, and its blocks are its own: writing it cannot fail for want of room. */
        ALLOCATED,
        /** The file is there, with its size, but this file system hands out blocks only when they are written. */
        SPARSE,
        /** The file system or the owner's disk quota has no room; there is no file. */
        FULL
    }

    /**
     * Creates a file of this size, readable by its owner only; one that exists already is emptied first.
     *
     * @throws IOException for every failure but want of room
     */
    public static Allocation create(Path file, long bytes) throws IOException {
        int descriptor = Libc.INSTANCE.open(file.toString(), CREATE_EMPTY_READ_WRITE_CLOEXEC, OWNER_ONLY);
        if (descriptor < 0) {
            int errno = errno();
            if (isFull(errno)) {
                return Allocation.FULL;
            }
            throw failure("cannot create", file, errno);
        }
        try {
            return bytes == 0 ? Allocation.ALLOCATED : allocate(descriptor, file, bytes);
        } finally {
            Libc.INSTANCE.close(descriptor);
        }
    }

    private static Allocation allocate(int descriptor, Path file, long bytes) throws IOException {
        // The system call and not posix_fallocate: where a file system refuses, that one writes to every block.
        if (retried(() -> Libc.INSTANCE.fallocate(descriptor, 0, 0, bytes)) == 0) {
            return Allocation.ALLOCATED;
        }
        int errno = errno();
        if (isFull(errno)) {
            Libc.INSTANCE.unlink(file.toString());
            return Allocation.FULL;
        }
        if (errno != EOPNOTSUPP && errno != ENOSYS) {
            Libc.INSTANCE.unlink(file.toString());
            throw failure("cannot allocate " + bytes + " bytes for", file, errno);
        }
        if (retried(() -> Libc.INSTANCE.ftruncate(descriptor, bytes)) != 0) {
            errno = errno();
            Libc.INSTANCE.unlink(file.toString());
            throw failure("cannot extend to " + bytes + " bytes", file, errno);
        }
        return Allocation.SPARSE;
    }

    private interface Call {
        int run();
    }

    private static int retried(Call call) {
        int result;
        do {
            result = call.run();
        } while (result != 0 && errno() == EINTR);
        return result;
    }

    private static boolean isFull(int errno) {
        return errno == ENOSPC || errno == EDQUOT;
    }

    private static int errno() {
        return Runtime.getRuntime(Libc.INSTANCE).getLastError();
    }

    private static IOException failure(String what, Path file, int errno) {
        return new IOException(what + " " + file + ": " + Libc.INSTANCE.strerror(errno));
    }

    /** What jnr-ffi binds; loaded at the first call only, for it would hold up the start by some 100 ms. */
    public interface Libc {
        Libc INSTANCE = LibraryLoader.create(Libc.class).load("c");

        int open(String path, int flags, int mode);

        int fallocate(int descriptor, int mode, long offset, long length);

        int ftruncate(int descriptor, long length);

        int close(int descriptor);

        int unlink(String path);

        String strerror(int errno);
    }
}
