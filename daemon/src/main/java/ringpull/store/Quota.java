package ringpull.store;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import ringpull.config.Config;

/** How much of the file system blobs may take, and what has to go for a new one. */
final class Quota {
    private final Path directory;
    private final FileStore fileSystem;
    private final Config.Store limits;

    Quota(Path directory, Config.Store limits) throws IOException {
        this.directory = directory;
        this.fileSystem = Files.getFileStore(directory);
        this.limits = limits;
    }

    /**
     * Something that may go.
     *
     * @param freedBytes room that its going gives back
     */
    record Candidate(Instant lastUse, long freedBytes, Eviction eviction) {}

    /** Lets a candidate go. */
    interface Eviction {
        void run() throws IOException;
    }

    /**
     * @param promisedBytes sizes of all files, whether their bytes have arrived or not
     * @param takenBytes what these files take of the file system already
     */
    record Load(long promisedBytes, long takenBytes) {}

    /** The most that may be promised now: the quota, or less where others fill the disk. */
    long limitBytes(Load load) throws IOException {
        long size = fileSystem.getTotalSpace();
        long spare = fileSystem.getUsableSpace() - limits.minFree().of(size);
        return Math.max(0, Math.min(limits.quota().of(size), load.takenBytes + spare));
    }

    /**
     * Who has to go for so many more bytes: the longest unused first, and nobody if all together do not help.
     *
     * @throws StoreFull with the figures
     */
    List<Candidate> victims(String what, long bytes, Load load, Stream<Candidate> candidates)
            throws StoreFull, IOException {
        long limit = limitBytes(load);
        long missing = load.promisedBytes + bytes - limit;
        List<Candidate> victims = new ArrayList<>();
        if (missing <= 0) {
            return victims;
        }
        // What a candidate frees is taken for granted: many file systems count it only a while later.
        for (Candidate candidate :
                candidates.sorted(Comparator.comparing(Candidate::lastUse)).toList()) {
            victims.add(candidate);
            missing -= candidate.freedBytes;
            if (missing <= 0) {
                return victims;
            }
        }
        throw new StoreFull("no room for " + what + ", " + bytes + " bytes: " + load.promisedBytes
                + " bytes are taken or promised of the " + limit + " that are allowed now, and evicting all that may go"
                + " still leaves " + missing + " bytes too few; " + figures());
    }

    /** The file system refused although the figures allowed it. */
    StoreFull refused(String what, long bytes) throws IOException {
        return new StoreFull(
                "no room for " + what + ", " + bytes + " bytes: the file system says that it is full; " + figures());
    }

    private String figures() throws IOException {
        long size = fileSystem.getTotalSpace();
        return "[store] quota is " + limits.quota().of(size) + " bytes, [store] min_free "
                + limits.minFree().of(size) + ", and " + fileSystem.getUsableSpace() + " of " + size
                + " bytes are free on "
                + directory + ": raise the quota, or free disk";
    }
}
