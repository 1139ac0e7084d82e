package ringpull.pki;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Set;

/** Writes PEM files: whole or not at all, and over another file only if that is wanted. */
public final class KeyFiles {
    private static final String PRIVATE = "rw-------";
    private static final String PUBLIC = "rw-r--r--";
    private static final int LINE_CHARS = 64;

    private KeyFiles() {}

    /** PKCS#8, mode 0600. */
    public static void write(Path file, PrivateKey key, boolean replace) throws IOException {
        write(file, pem("PRIVATE KEY", key.getEncoded()), PRIVATE, replace);
    }

    /** Mode 0644. */
    public static void write(Path file, X509Certificate certificate, boolean replace) throws IOException {
        try {
            write(file, pem("CERTIFICATE", certificate.getEncoded()), PUBLIC, replace);
        } catch (CertificateEncodingException e) {
            throw new IOException(file + " cannot be written: the certificate has no encoding", e);
        }
    }

    private static String pem(String type, byte[] der) {
        String base64 = Base64.getMimeEncoder(LINE_CHARS, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + type + "-----\n" + base64 + "\n-----END " + type + "-----\n";
    }

    private static void write(Path file, String text, String mode, boolean replace) throws IOException {
        Path next = file.resolveSibling(
                "." + file.getFileName() + "." + ProcessHandle.current().pid());
        try {
            ByteBuffer bytes = StandardCharsets.US_ASCII.encode(text);
            try (FileChannel channel = FileChannel.open(
                    next,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(PRIVATE)))) {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.setPosixFilePermissions(next, PosixFilePermissions.fromString(mode));
            if (replace) {
                Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } else {
                // A link fails where a file is, in one step; a move would replace it.
                Files.createLink(file, next);
            }
        } catch (FileAlreadyExistsException e) {
            throw new IOException(e.getFile() + " exists already; --force replaces it", e);
        } finally {
            Files.deleteIfExists(next);
        }
    }
}
