package ringpull.os;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What kind of file system a file lies on. */
public final class FileSystem {
    private FileSystem() {}

    /** As {@code /proc/mounts} calls it: {@code xfs}. */
    public static String typeOf(Path existing) throws IOException {
        return Files.getFileStore(existing).type();
    }

    /** Whether it is a container's own layers on top of each other. */
    public static boolean isOverlay(Path existing) throws IOException {
        return typeOf(existing).equals("overlay");
    }
}
