package ringpull.os;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.Out;

/**
 * An open file that the JDK cannot open by itself: in memory, a device without the page cache, or one that came over a
 * {@link UnixSocket}. For many threads, but close it after the last read. Calls may block, so keep them off virtual threads.
 */
public final class Descriptor implements AutoCloseable {
    // Linux's numbers; those that differ between x86_64 and the others by name.
    private static final int READ_ONLY = 0;
    private static final int ACCESS_MODE = 03;
    private static final int READ_WRITE = 02;
    private static final int CREATE_NEW = 0100 | 0200;
    private static final int OWNER_ONLY = 0600;
    private static final int PATH_ONLY = 010000000;
    private static final int CLOSE_ON_EXEC = 02000000;
    private static final int DIRECT_X86_64 = 040000;
    private static final int DIRECT_OTHERS = 0200000;
    private static final int GET_FLAGS = 3;
    private static final int ADD_SEALS = 1033;
    private static final int GET_SEALS = 1034;
    private static final int SEALED = 01 | 02 | 04 | 010; // seal, shrink, grow, write
    private static final int MEMORY_FLAGS = 01 | 02; // close on exec, seals allowed
    private static final long CLONE_RANGE = 0x4020940DL;

    private final int number;
    private boolean closed;

    Descriptor(int number) {
        this.number = number;
    }

    /** Opens for reading past the page cache: buffers, offsets and lengths are multiples of the device's block. */
    public static Descriptor openDirect(Path device) throws IOException {
        int direct = "amd64".equals(System.getProperty("os.arch")) ? DIRECT_X86_64 : DIRECT_OTHERS;
        return opened(
                Libc.INSTANCE.open(device.toString(), READ_ONLY | direct | CLOSE_ON_EXEC, 0), "cannot open " + device);
    }

    /** Opens a file for reading. */
    public static Descriptor open(Path file) throws IOException {
        return opened(Libc.INSTANCE.open(file.toString(), READ_ONLY | CLOSE_ON_EXEC, 0), "cannot open " + file);
    }

    /** Creates a file that its owner may read and write, and nobody else; there must be none. */
    public static Descriptor create(Path file) throws IOException {
        return opened(
                Libc.INSTANCE.open(file.toString(), READ_WRITE | CREATE_NEW | CLOSE_ON_EXEC, OWNER_ONLY),
                "cannot create " + file);
    }

    /** An empty file in memory, which nobody else can name. */
    public static Descriptor inMemory(String name) throws IOException {
        return opened(Libc.INSTANCE.memfd_create(name, MEMORY_FLAGS), "cannot make a file in memory");
    }

    private static Descriptor opened(int number, String what) throws IOException {
        if (number < 0) {
            throw Errno.failure(what);
        }
        return new Descriptor(number);
    }

    /** The kernel's number for it in this process. */
    int number() {
        return number;
    }

    /** By what this process, and the kernel on its behalf, can open it again. */
    public Path path() {
        return Path.of("/proc/self/fd", Integer.toString(number));
    }

    /** The same file for the JDK; closed by itself. */
    public FileChannel channel() throws IOException {
        return FileChannel.open(path(), StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /** From now on nobody, root included, can change a file in memory. */
    public void seal() throws IOException {
        if (Libc.INSTANCE.fcntl(number, ADD_SEALS, SEALED) != 0) {
            throw Errno.failure("cannot seal a file in memory");
        }
    }

    /** Whether it is a file in memory that nobody can change any more. */
    public boolean isSealed() {
        int seals = Libc.INSTANCE.fcntl(number, GET_SEALS, 0);
        return seals >= 0 && (seals & SEALED) == SEALED;
    }

    /** Whether it is a plain file that whoever opened it may write. */
    public boolean isWritableFile() {
        int flags = Libc.INSTANCE.fcntl(number, GET_FLAGS, 0);
        return flags >= 0 && (flags & ACCESS_MODE) == READ_WRITE && (flags & PATH_ONLY) == 0 && isFile();
    }

    /** Whether it is a plain file. */
    public boolean isFile() {
        return Files.isRegularFile(path());
    }

    public long sizeBytes() throws IOException {
        return Files.size(path());
    }

    /**
     * Lets this file share another one's blocks, from this offset on; both are copied only where they are written.
     *
     * @param offset a multiple of the file system's block
     * @throws IOException if the file system cannot, or the two lie on different ones
     */
    public void share(Descriptor source, long offset) throws IOException {
        Pointer range = Memory.allocateDirect(Runtime.getRuntime(Libc.INSTANCE), 32);
        range.putLong(0, source.number);
        range.putLong(8, 0);
        range.putLong(16, 0); // to its end
        range.putLong(24, offset);
        if (Libc.INSTANCE.ioctl(number, CLONE_RANGE, range) != 0) {
            throw Errno.failure("this file system does not share blocks between files");
        }
    }

    /**
     * Reads at an offset into a direct buffer; may read less than it has room for.
     *
     * @return bytes read; 0 at the end, or if a device has gone
     */
    public int read(ByteBuffer direct, long offset) throws IOException {
        while (true) {
            long read = Libc.INSTANCE.pread(number, direct, direct.remaining(), offset);
            if (read >= 0) {
                direct.position(direct.position() + (int) read);
                return (int) read;
            }
            if (Errno.last() != Errno.EINTR) {
                throw Errno.failure("cannot read at byte " + offset);
            }
        }
    }

    /** Reads at an offset until the direct buffer is full, or there is no more. */
    public void fill(ByteBuffer direct, long offset) throws IOException {
        long at = offset;
        for (int read = read(direct, at); read > 0 && direct.hasRemaining(); read = read(direct, at)) {
            at += read;
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Libc.INSTANCE.close(number);
        }
    }

    /** What jnr-ffi binds. */
    public interface Libc {
        Libc INSTANCE = LibraryLoader.create(Libc.class).load("c");

        int open(String path, int flags, int mode);

        int memfd_create(String name, int flags);

        int fcntl(int descriptor, int command, long argument);

        int ioctl(int descriptor, long request, Pointer argument);

        long pread(int descriptor, @Out ByteBuffer buffer, long length, long offset);

        int close(int descriptor);
    }
}
