package ringpull.cli;

/** Ends a command with a message on standard error and an exit code. */
final class CommandFailed extends Exception {
    private final int exitCode;

    CommandFailed(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
