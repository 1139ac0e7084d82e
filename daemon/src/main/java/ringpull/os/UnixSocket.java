package ringpull.os;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import org.jspecify.annotations.Nullable;

/**
 * A Unix socket that keeps messages apart (SOCK_SEQPACKET) and carries an open file beside one, which the JDK's do not. One
 * thread sends and receives at a time; {@link #close} comes from any. Calls block, so keep them off virtual threads.
 */
public final class UnixSocket implements AutoCloseable {
    /** Of a message; what is longer is refused on either side. */
    public static final int MESSAGE_BYTES_MAX = 4096;

    // Linux's numbers.
    private static final int UNIX = 1;
    private static final int SEQPACKET_CLOSE_ON_EXEC = 5 | 02000000;
    private static final int CLOSE_ON_EXEC = 02000000;
    private static final int SOCKET_LEVEL = 1;
    private static final int RIGHTS = 1;
    private static final int PEER_CREDENTIALS = 17;
    private static final int RECEIVE_TIMEOUT = 20;
    private static final int SEND_TIMEOUT = 21;
    private static final int NO_SIGNAL = 0x4000;
    private static final int RECEIVED_CLOSE_ON_EXEC = 0x40000000;
    private static final int TRUNCATED = 0x20 | 0x8;
    private static final int BOTH_WAYS = 2;

    private static final int ADDRESS_BYTES = 110;
    private static final int PATH_BYTES_MAX = 107;
    /** {@code struct msghdr} and {@code struct cmsghdr} of 64-bit Linux. */
    private static final int HEADER_BYTES = 56;

    private static final int CONTROL_HEADER_BYTES = 16;
    private static final int CONTROL_BYTES = 64;

    private final int number;
    private final Pointer header;
    private final Pointer vector;
    private final Pointer buffer;
    private final Pointer control;
    private boolean closed;

    /** Who is at the other end, as the kernel says. */
    public record Peer(int pid, int uid, int gid) {}

    /** @param file beside the text; closed with the message, or by whoever keeps it longer */
    public record Message(String text, Optional<Descriptor> file) implements AutoCloseable {
        @Override
        public void close() {
            file.ifPresent(Descriptor::close);
        }
    }

    /** The other end sent what no message is. It was thrown away, and the next one can be received. */
    public static final class Unfit extends IOException {
        private static final long serialVersionUID = 1;

        private Unfit() {
            super("a message has at most " + MESSAGE_BYTES_MAX + " bytes, and one file beside it");
        }
    }

    private UnixSocket(int number) {
        this.number = number;
        Runtime runtime = Runtime.getRuntime(Libc.INSTANCE);
        header = Memory.allocateDirect(runtime, HEADER_BYTES);
        vector = Memory.allocateDirect(runtime, 16);
        buffer = Memory.allocateDirect(runtime, MESSAGE_BYTES_MAX);
        control = Memory.allocateDirect(runtime, CONTROL_BYTES);
    }

    /**
     * Connects to one that listens there.
     *
     * @param wait while its line is full
     */
    public static UnixSocket connect(Path path, Duration wait) throws IOException {
        UnixSocket socket = socket();
        try {
            socket.timeout(wait);
            if (Libc.INSTANCE.connect(socket.number, address(path), ADDRESS_BYTES) != 0) {
                throw Errno.last() == Errno.EAGAIN
                        ? new SocketTimeoutException("nobody is let in at " + path)
                        : Errno.failure("cannot connect to " + path);
            }
            socket.timeout(Duration.ZERO);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Listens there, in place of what lies there; its owner alone may connect, until told otherwise. */
    public static UnixSocket listen(Path path, int backlog) throws IOException {
        Files.deleteIfExists(path);
        UnixSocket socket = socket();
        if (Libc.INSTANCE.bind(socket.number, address(path), ADDRESS_BYTES) != 0
                || Libc.INSTANCE.listen(socket.number, backlog) != 0) {
            IOException failure = Errno.failure("cannot listen on " + path);
            socket.close();
            throw failure;
        }
        return socket;
    }

    private static UnixSocket socket() throws IOException {
        int number = Libc.INSTANCE.socket(UNIX, SEQPACKET_CLOSE_ON_EXEC, 0);
        if (number < 0) {
            throw Errno.failure("cannot make a Unix socket");
        }
        return new UnixSocket(number);
    }

    private static Pointer address(Path path) throws IOException {
        byte[] bytes = path.toAbsolutePath().toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length > PATH_BYTES_MAX) {
            throw new IOException("a socket's path has at most " + PATH_BYTES_MAX + " bytes, not " + path);
        }
        Pointer address = Memory.allocateDirect(Runtime.getRuntime(Libc.INSTANCE), ADDRESS_BYTES, true);
        address.putShort(0, (short) UNIX);
        address.put(2, bytes, 0, bytes.length);
        return address;
    }

    /** The next that connects; {@link #close} ends the wait with an exception. */
    public UnixSocket accept() throws IOException {
        while (true) {
            int accepted = Libc.INSTANCE.accept4(number, null, null, CLOSE_ON_EXEC);
            if (accepted >= 0) {
                return new UnixSocket(accepted);
            }
            if (Errno.last() != Errno.EINTR) {
                throw Errno.failure("cannot accept");
            }
        }
    }

    public Peer peer() throws IOException {
        Pointer credentials = Memory.allocateDirect(Runtime.getRuntime(Libc.INSTANCE), 12);
        int[] length = {12};
        if (Libc.INSTANCE.getsockopt(number, SOCKET_LEVEL, PEER_CREDENTIALS, credentials, length) != 0) {
            throw Errno.failure("cannot tell who connected");
        }
        return new Peer(credentials.getInt(0), credentials.getInt(4), credentials.getInt(8));
    }

    /**
     * How long a message may take to go, and how long to come, from now on; then {@link SocketTimeoutException}. Zero: for
     * ever.
     */
    public void timeout(Duration wait) throws IOException {
        Pointer time = Memory.allocateDirect(Runtime.getRuntime(Libc.INSTANCE), 16);
        time.putLong(0, wait.toSeconds());
        time.putLong(8, wait.toNanosPart() / 1000);
        if (Libc.INSTANCE.setsockopt(number, SOCKET_LEVEL, RECEIVE_TIMEOUT, time, 16) != 0
                || Libc.INSTANCE.setsockopt(number, SOCKET_LEVEL, SEND_TIMEOUT, time, 16) != 0) {
            throw Errno.failure("cannot set a time-out");
        }
    }

    /** @param file for the other end to open as its own; stays open here */
    public void send(String text, Optional<Descriptor> file) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > MESSAGE_BYTES_MAX) {
            throw new IOException("a message of " + bytes.length + " bytes");
        }
        buffer.put(0, bytes, 0, bytes.length);
        int controlBytes = 0;
        if (file.isPresent()) {
            controlBytes = CONTROL_HEADER_BYTES + 8;
            control.putLong(0, CONTROL_HEADER_BYTES + 4);
            control.putInt(8, SOCKET_LEVEL);
            control.putInt(12, RIGHTS);
            control.putInt(16, file.get().number());
        }
        prepare(bytes.length, controlBytes);
        while (Libc.INSTANCE.sendmsg(number, header, NO_SIGNAL) < 0) {
            if (Errno.last() != Errno.EINTR) {
                throw Errno.last() == Errno.EAGAIN
                        ? new SocketTimeoutException("no answer")
                        : Errno.failure("cannot send");
            }
        }
    }

    /**
     * The next message.
     *
     * @throws EOFException if the other end closed
     * @throws Unfit if it is too long, or more than one file came with it
     */
    public Message receive() throws IOException {
        long length;
        do {
            prepare(MESSAGE_BYTES_MAX, CONTROL_BYTES);
            length = Libc.INSTANCE.recvmsg(number, header, RECEIVED_CLOSE_ON_EXEC);
        } while (length < 0 && Errno.last() == Errno.EINTR);
        if (length < 0) {
            throw Errno.last() == Errno.EAGAIN
                    ? new SocketTimeoutException("no answer")
                    : Errno.failure("cannot receive");
        }
        int[] files = files();
        boolean whole = (header.getInt(48) & TRUNCATED) == 0;
        if (length == 0 || !whole || files.length > 1) {
            for (int file : files) {
                new Descriptor(file).close();
            }
            throw length == 0 ? new EOFException("the other end closed") : new Unfit();
        }
        byte[] bytes = new byte[(int) length];
        buffer.get(0, bytes, 0, bytes.length);
        return new Message(
                new String(bytes, StandardCharsets.UTF_8),
                files.length == 1 ? Optional.of(new Descriptor(files[0])) : Optional.empty());
    }

    private int[] files() {
        long controlBytes = header.getLong(40);
        if (controlBytes < CONTROL_HEADER_BYTES || control.getInt(8) != SOCKET_LEVEL || control.getInt(12) != RIGHTS) {
            return new int[0];
        }
        int count = (int) ((Math.min(control.getLong(0), controlBytes) - CONTROL_HEADER_BYTES) / 4);
        int[] files = new int[Math.max(0, count)];
        for (int i = 0; i < files.length; i++) {
            files[i] = control.getInt(CONTROL_HEADER_BYTES + 4L * i);
        }
        return files;
    }

    private void prepare(int bytes, int controlBytes) {
        vector.putAddress(0, buffer.address());
        vector.putLong(8, bytes);
        header.putLong(0, 0);
        header.putLong(8, 0);
        header.putAddress(16, vector.address());
        header.putLong(24, 1);
        header.putAddress(32, controlBytes == 0 ? 0 : control.address());
        header.putLong(40, controlBytes);
        header.putLong(48, 0);
    }

    /** Wakes whoever waits in it. */
    public synchronized void shutdown() {
        if (!closed) {
            Libc.INSTANCE.shutdown(number, BOTH_WAYS);
        }
    }

    /** By the thread that uses it; another one calls {@link #shutdown} first. */
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

        int socket(int domain, int type, int protocol);

        int bind(int socket, Pointer address, int length);

        int listen(int socket, int backlog);

        int connect(int socket, Pointer address, int length);

        int accept4(int socket, @Nullable Pointer address, @Nullable Pointer length, int flags);

        int getsockopt(int socket, int level, int name, Pointer value, int[] length);

        int setsockopt(int socket, int level, int name, Pointer value, int length);

        long sendmsg(int socket, Pointer header, int flags);

        long recvmsg(int socket, Pointer header, int flags);

        int shutdown(int socket, int how);

        int close(int socket);
    }
}
