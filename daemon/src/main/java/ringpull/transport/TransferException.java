package ringpull.transport;

/** Why a range did not arrive whole. The causes are different things to do next. */
public abstract sealed class TransferException extends Exception {
    private TransferException(String message, Throwable cause) {
        super(message, cause);
    }

    private TransferException(String message) {
        super(message);
    }

    /** The holder could not be reached, refused us, or broke off: ask another, and this one later. */
    public static final class Unreachable extends TransferException {
        public Unreachable(String message, Throwable cause) {
            super(message, cause);
        }

        public Unreachable(String message) {
            super(message);
        }
    }

    /** The holder is well and serves too many already: ask another, and this one a moment later. */
    public static final class Busy extends TransferException {
        public Busy(String message) {
            super(message);
        }
    }

    /** The holder answers, but does not have the blob: the announcement was stale. */
    public static final class NotHeld extends TransferException {
        public NotHeld(String message) {
            super(message);
        }
    }

    /** The landing failed, for instance on a full disk: no other holder will help. */
    public static final class LandingFailed extends TransferException {
        public LandingFailed(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
