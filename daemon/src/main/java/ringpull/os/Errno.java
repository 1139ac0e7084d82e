package ringpull.os;

import java.io.IOException;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;

/** Why the C library's last call of this thread failed. Linux's numbers. */
final class Errno {
    static final int EINTR = 4;
    static final int EAGAIN = 11;

    private Errno() {}

    static int last() {
        return Runtime.getSystemRuntime().getLastError();
    }

    /** @param what was tried, as a sentence without its end */
    static IOException failure(String what) {
        int errno = last(); // before anything else is called
        return new IOException(what + ": " + Libc.INSTANCE.strerror(errno));
    }

    /** What jnr-ffi binds. */
    public interface Libc {
        Libc INSTANCE = LibraryLoader.create(Libc.class).load("c");

        String strerror(int errno);
    }
}
