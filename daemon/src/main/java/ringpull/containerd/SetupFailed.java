package ringpull.containerd;

/** The set-up could not be done; the message says what to do. Nothing that was there before is lost. */
public final class SetupFailed extends Exception {
    private static final long serialVersionUID = 1;

    SetupFailed(String message) {
        super(message);
    }

    SetupFailed(String message, Throwable cause) {
        super(message, cause);
    }
}
