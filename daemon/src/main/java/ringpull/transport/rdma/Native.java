package ringpull.transport.rdma;

import java.io.IOException;
import java.util.Optional;

/**
 * What libdisni does besides DiSNI's own methods. Objects are named by the numbers of DiSNI's {@code getObjId()}; a stale
 * number is an IOException. Nothing here may be called before {@link #problem} found none.
 */
final class Native {
    /** Bits of {@link #await}'s answer. */
    static final int EVENT = 1;

    static final int COMPLETION = 2;

    /** {@code NATIVE_VERSION} in {@code native/disni/jni_ringpull.c}. */
    static final int VERSION = 3;

    private static final Optional<String> PROBLEM = load();

    private Native() {}

    /** Why RDMA cannot be used by this process; empty if its libraries are here. */
    static Optional<String> problem() {
        return PROBLEM;
    }

    private static Optional<String> load() {
        try {
            // From java.library.path, where DiSNI's classes look for it too.
            System.loadLibrary("disni");
            return version() == VERSION
                    ? Optional.empty()
                    : Optional.of("libdisni.so has version " + version() + " and not " + VERSION
                            + ": install the one that was built with this jar");
        } catch (LinkageError e) {
            return Optional.of("libdisni.so cannot be loaded (" + e.getMessage()
                    + "): it needs libibverbs1 and librdmacm1, and is built where their headers are");
        }
    }

    static native int version();

    /** How many native objects live in this process. */
    static native int handles();

    /** The size of what {@link #nextEvent} writes. */
    static native int eventBytes();

    /** Waits for a connection event and writes it; false when the time is over or the channel was woken. */
    static native boolean nextEvent(long eventChannel, int millis, long out) throws IOException;

    /** Waits for either channel: {@link #EVENT}, {@link #COMPLETION}, or neither if woken or the time is over. */
    static native int await(long completionChannel, long eventChannel, int millis) throws IOException;

    static native void wakeCompletions(long completionChannel);

    static native void wakeEvents(long eventChannel);

    static native void bind(long id, byte[] ip, int port) throws IOException;

    static native void resolveAddress(long id, byte[] source, byte[] target, int port, int millis) throws IOException;

    static native int localPort(long id) throws IOException;

    static native byte[] remoteAddress(long id) throws IOException;

    static native void connect(long id, int retries, int rnrRetries, byte[] data) throws IOException;

    static native void accept(long id, int retries, int rnrRetries, byte[] data) throws IOException;

    static native void reject(long request, byte[] data) throws IOException;

    /** Makes a connection request's connection that of a fresh id, on that id's channel. */
    static native void adopt(long id, long request) throws IOException;

    /** Ends a request that was rejected; 0 or a negative errno. */
    static native int destroyRequest(long request);

    /** state, active MTU, link layer, Mbit/s, RDMA READs in flight, GID index, GID type, most registrations. */
    static native int[] port(long id) throws IOException;

    /** Registers memory of any length; its keys come back as {@code {lkey, rkey}}. */
    static native long register(long pd, long address, long bytes, int access, int[] keys) throws IOException;

    static native void deregister(long registration) throws IOException;

    /** Anonymous memory outside Java's limits, in huge pages where there are some to spare. */
    static native long map(long bytes) throws IOException;

    /**
     * Has memory lie on the NUMA node of the device that an id is bound to, as far as there is room; false if the kernel does
     * not say which that is, or cannot.
     */
    static native boolean near(long id, long address, long bytes);

    static native void unmap(long address, long bytes);
}
