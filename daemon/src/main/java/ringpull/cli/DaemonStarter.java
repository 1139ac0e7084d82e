package ringpull.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Runs the daemon for {@code ringpull daemon}; given by the root package, so that this one need not know it. */
@FunctionalInterface
public interface DaemonStarter {
    /**
     * Runs the daemon until it is told to stop.
     *
     * @param config the file that the command line names; empty: the usual one if it is there, else the defaults
     * @return the exit code
     * @throws IOException if it cannot start; the message says what is in the way and what to do
     */
    int run(Optional<Path> config) throws IOException, InterruptedException;
}
