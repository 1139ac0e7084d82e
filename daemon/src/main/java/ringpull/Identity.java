package ringpull;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.InstantSource;
import ringpull.ring.MemberId;

/**
 * Who this daemon is in the ring: an id made at the first start and kept, and a boot epoch that grows with every start,
 * whatever the wall clock does.
 */
record Identity(MemberId id, long epoch) {
    private static final String ID_FILE = "member-id";
    private static final String EPOCH_FILE = "epoch";

    /**
     * Reads the identity from the state directory, makes it if this is the first start, and records the new epoch.
     *
     * @throws IOException naming the file, if one cannot be read or written or holds something else
     */
    static Identity load(Path state, InstantSource clock) throws IOException {
        Path idFile = state.resolve(ID_FILE);
        Path epochFile = state.resolve(EPOCH_FILE);
        if (!Files.exists(idFile)) {
            replace(idFile, MemberId.random(new SecureRandom()).hex());
        }
        try {
            MemberId id = new MemberId(Files.readString(idFile).strip());
            long last = Files.exists(epochFile)
                    ? Long.parseLong(Files.readString(epochFile).strip())
                    : 0;
            long epoch = Math.max(clock.millis(), last + 1);
            replace(epochFile, Long.toString(epoch));
            return new Identity(id, epoch);
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    idFile + " or " + epochFile + " is damaged (" + e.getMessage()
                            + "): remove both, and this node joins as a new member",
                    e);
        }
    }

    private static void replace(Path file, String text) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(next, text + "\n");
        try {
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException("the file system of " + file + " cannot rename in one step", e);
        }
    }
}
