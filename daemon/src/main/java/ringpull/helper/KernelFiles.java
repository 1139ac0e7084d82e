package ringpull.helper;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** The kernel's directories of small files, which change while they are looked at. */
final class KernelFiles {
    private KernelFiles() {}

    /** An attribute; empty if it is not there, or goes while it is read. */
    static String read(Path attribute) {
        try {
            return Files.readString(attribute, StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "";
        }
    }

    /** In one write, as the kernel wants it. The value stays out of messages: it may be a key. */
    static void write(Path attribute, String value) throws IOException {
        try {
            Files.writeString(attribute, value, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new IOException("cannot write " + attribute + ": " + reason(e), e);
        }
    }

    static void link(Path link, Path target) throws IOException {
        Files.createDirectories(link.resolveSibling("."));
        try {
            Files.createSymbolicLink(link, target);
        } catch (IOException e) {
            throw new IOException("cannot link " + link + ": " + reason(e), e);
        }
    }

    /** What is in a directory now; nothing if there is none. */
    static List<Path> in(Path directory, String glob) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, glob)) {
            List<Path> all = new ArrayList<>();
            found.forEach(all::add);
            return all;
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private static String reason(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.substring(message.lastIndexOf(": ") + 1).strip();
    }
}
