package ringpull.os;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Work that must not be felt. */
public final class IdlePriority {
    private static final Logger log = LoggerFactory.getLogger(IdlePriority.class);

    // Linux's numbers.
    private static final int PRIO_PROCESS = 0;
    private static final int IOPRIO_WHO_PROCESS = 1;
    private static final int IOPRIO_IDLE = 3 << 13;
    private static final int CALLING_THREAD = 0;
    private static final int NICEST = 19;
    private static final int IOPRIO_SET_X86_64 = 251;
    private static final int IOPRIO_SET_OTHERS = 30;

    private IdlePriority() {}

    /**
     * Lets the calling platform thread run, from now on, only on what CPU and disk others leave. Where that is refused it
     * runs as before, and the log says so.
     */
    public static void take() {
        int ioprioSet = "amd64".equals(System.getProperty("os.arch")) ? IOPRIO_SET_X86_64 : IOPRIO_SET_OTHERS;
        if (Libc.INSTANCE.setpriority(PRIO_PROCESS, CALLING_THREAD, NICEST) != 0
                || Libc.INSTANCE.syscall(ioprioSet, IOPRIO_WHO_PROCESS, CALLING_THREAD, IOPRIO_IDLE) != 0) {
            int errno = Runtime.getRuntime(Libc.INSTANCE).getLastError();
            log.info(
                    "{} runs at usual priority: errno {}",
                    Thread.currentThread().getName(),
                    errno);
        }
    }

    /** What jnr-ffi binds. On Linux both apply to one thread. */
    public interface Libc {
        Libc INSTANCE = LibraryLoader.create(Libc.class).load("c");

        int setpriority(int which, int who, int priority);

        long syscall(long number, long which, long who, long priority);
    }
}
