package ringpull;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import ringpull.ring.MemberId;
import ringpull.tls.PeerIdentity;

/**
 * Who this daemon is in the ring: an id that follows from its certificate, or without one is made at the first start and
 * kept; and a boot epoch that grows with every start, whatever the wall clock does.
 */
record Identity(MemberId id, long epoch) {
    private static final String ID_FILE = "member-id";
    private static final String EPOCH_FILE = "epoch";

    /**
     * Reads the identity from the certificate or the state directory, where it is made if this is the first start, and
     * records the new epoch.
     *
     * @param certificate empty: this daemon has none
     * @throws IOException naming the file, if one cannot be read or written or holds something else
     */
    static Identity load(Path state, InstantSource clock, Optional<PeerIdentity> certificate) throws IOException {
        MemberId id = certificate.isPresent() ? new MemberId(certificate.get().memberId()) : kept(state);
        return new Identity(id, nextEpoch(state, clock));
    }

    /** @throws IOException if the certificate is for another ring than the configuration names */
    static void checkCluster(PeerIdentity certificate, String cluster) throws IOException {
        Optional<String> named = certificate.cluster();
        if (named.isPresent() && !named.get().equals(cluster)) {
            throw new IOException("[peer] cert: the certificate is for the ring " + named.get() + " ("
                    + certificate.text() + "), and [ring] cluster is " + cluster + ": make them the same");
        }
    }

    private static MemberId kept(Path state) throws IOException {
        Path file = state.resolve(ID_FILE);
        if (!Files.exists(file)) {
            replace(file, MemberId.random(new SecureRandom()).hex());
        }
        try {
            return new MemberId(Files.readString(file).strip());
        } catch (IllegalArgumentException e) {
            throw damaged(file, e);
        }
    }

    private static long nextEpoch(Path state, InstantSource clock) throws IOException {
        Path file = state.resolve(EPOCH_FILE);
        try {
            long last =
                    Files.exists(file) ? Long.parseLong(Files.readString(file).strip()) : 0;
            long epoch = Math.max(clock.millis(), last + 1);
            replace(file, Long.toString(epoch));
            return epoch;
        } catch (IllegalArgumentException e) {
            throw damaged(file, e);
        }
    }

    private static IOException damaged(Path file, IllegalArgumentException cause) {
        return new IOException(file + " is damaged (" + cause.getMessage() + "): remove it and start again", cause);
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
