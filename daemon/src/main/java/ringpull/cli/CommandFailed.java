package ringpull.cli;

import java.io.IOException;

/** Ends a command, above all because of what the daemon answers, with a message on standard error and an exit code. */
public final class CommandFailed extends IOException {
    private final int exitCode;

    CommandFailed(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
