package ringpull.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;

/** Where files lie: {@code blobs/sha256/<hex>} complete, {@code partial/<hex>} while they arrive. */
final class Layout {
    private static final Logger log = LoggerFactory.getLogger(Layout.class);

    /** What clients may read is decided by the daemon, so no other account reads the files. */
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path blobs;
    private final Path partials;

    /** Creates the directories where they are missing. */
    Layout(Path state) throws IOException {
        blobs = state.resolve("blobs").resolve("sha256");
        partials = state.resolve("partial");
        Files.createDirectories(blobs, OWNER_ONLY);
        Files.createDirectories(partials, OWNER_ONLY);
        sync(blobs.resolveSibling("."));
        sync(state);
    }

    Path blob(Digest digest) {
        return blobs.resolve(digest.hex());
    }

    Path partial(Digest digest) {
        return partials.resolve(digest.hex());
    }

    /** Gives a partial file its final name. */
    void publish(Digest digest) throws IOException {
        Files.move(partial(digest), blob(digest), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Takes it back; open readers go on. */
    void unpublish(Digest digest) throws IOException {
        Files.move(blob(digest), partial(digest), StandardCopyOption.ATOMIC_MOVE);
        sync(partials);
    }

    /** Makes the names of complete blobs durable. */
    void syncBlobs() throws IOException {
        sync(blobs);
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Sizes of the files in {@code blobs}; files that are not named by a digest are removed. */
    Map<Digest, Long> blobFiles() throws IOException {
        return files(blobs);
    }

    /** As {@link #blobFiles}, of {@code partial}. */
    Map<Digest, Long> partialFiles() throws IOException {
        return files(partials);
    }

    private static Map<Digest, Long> files(Path directory) throws IOException {
        Map<Digest, Long> sizes = new HashMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                BasicFileAttributes attributes =
                        Files.readAttributes(entry, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                Optional<Digest> digest = Digest.tryParse("sha256:" + entry.getFileName());
                if (digest.isPresent() && attributes.isRegularFile()) {
                    sizes.put(digest.get(), attributes.size());
                } else if (attributes.isDirectory()) {
                    log.warn("{} is no blob and is left alone", entry);
                } else {
                    log.warn("{} is no blob and is removed", entry);
                    Files.deleteIfExists(entry);
                }
            }
        }
        return sizes;
    }
}
