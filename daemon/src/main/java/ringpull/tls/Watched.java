package ringpull.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What some files say, read again when they change, also by a symbolic link on the way to them that now leads elsewhere. A
 * reading that fails leaves the last good one in force. Refreshed by one thread; read by any.
 */
final class Watched<T> {
    private final List<Path> files;
    private final Reader<T> reader;
    private List<Stamp> seen;
    private List<Stamp> read;
    private volatile T value;
    private volatile String problem = "";

    /** Reads all the files. */
    interface Reader<T> {
        /**
         * @param before what counted until now; null the first time
         * @throws IOException with a sentence that names the file
         */
        T read(@Nullable T before) throws IOException;
    }

    /** How one version of a file differs from another. */
    private record Stamp(@Nullable Object key, @Nullable FileTime modified, long size) {
        static Stamp of(Path file) {
            try {
                BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                return new Stamp(attributes.fileKey(), attributes.lastModifiedTime(), attributes.size());
            } catch (IOException e) {
                return new Stamp(null, null, -1);
            }
        }
    }

    /** @throws IOException if the first reading fails */
    Watched(List<Path> files, Reader<T> reader) throws IOException {
        this.files = List.copyOf(files);
        this.reader = reader;
        seen = stamps();
        read = seen;
        value = reader.read(null);
    }

    T value() {
        return value;
    }

    /** Why the files as they are now do not count; empty if they do. */
    String problem() {
        return problem;
    }

    /**
     * Looks at the files; reads them once they have changed and then not changed between two calls, so that no half of a
     * change is taken for the whole.
     *
     * @return whether there is a new value
     */
    boolean refresh() {
        List<Stamp> now = stamps();
        boolean settled = now.equals(seen);
        seen = now;
        if (!settled || (now.equals(read) && problem.isEmpty())) {
            return false;
        }
        try {
            T next = reader.read(value);
            if (!stamps().equals(now)) {
                return false;
            }
            read = now;
            value = next;
            problem = "";
            return true;
        } catch (IOException e) {
            problem = String.valueOf(e.getMessage());
            return false;
        }
    }

    private List<Stamp> stamps() {
        List<Stamp> stamps = new ArrayList<>();
        files.forEach(file -> stamps.add(Stamp.of(file)));
        return stamps;
    }
}
