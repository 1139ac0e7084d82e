package ringpull.control;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/** The socket's file: its length, what lies in its place, and who may use it. */
final class ControlSocket {
    /** Linux keeps 108 bytes for a socket's path, the closing zero among them. */
    static final int PATH_BYTES_MAX = 107;

    private ControlSocket() {}

    /**
     * Makes the place free: checks the path, makes its directory, and removes a socket that nobody answers on.
     *
     * @throws IOException if the path is too long, something else lies there, or another daemon answers
     */
    static void prepare(Path socket) throws IOException {
        int bytes = socket.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > PATH_BYTES_MAX) {
            throw new IOException("the path of the control socket has " + bytes + " bytes and may have "
                    + PATH_BYTES_MAX + ": set [node] control_socket to a shorter one than " + socket);
        }
        Path directory = socket.toAbsolutePath().getParent();
        if (directory != null) {
            Files.createDirectories(directory);
        }
        BasicFileAttributes there;
        try {
            there = Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return;
        }
        if (!there.isOther()) {
            throw new IOException("there is a file in the place of the control socket that is not a socket: " + socket
                    + ". Remove it, or set [node] control_socket to another path");
        }
        if (isAnswered(socket)) {
            throw new IOException("another daemon answers on the control socket " + socket
                    + ": stop it, or set [node] control_socket to another path");
        }
        Files.deleteIfExists(socket);
    }

    /** Lets the owner and the group use the socket, and nobody else. */
    static void restrict(Path socket) throws IOException {
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw----"));
    }

    private static boolean isAnswered(Path socket) throws IOException {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return probe.connect(UnixDomainSocketAddress.of(socket));
        } catch (ConnectException e) {
            return false;
        }
    }
}
