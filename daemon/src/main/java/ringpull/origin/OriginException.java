package ringpull.origin;

import java.time.Duration;

/** Why an origin gave nothing. The message names the endpoint and what it answered; it never holds a credential. */
public abstract sealed class OriginException extends Exception {
    private OriginException(String message) {
        super(message);
    }

    private OriginException(String message, Throwable cause) {
        super(message, cause);
    }

    /** No connection, a timeout or a 5xx, after the retries: a recorded tag may stand in. */
    public static final class Unreachable extends OriginException {
        private final Duration retryAfter;

        public Unreachable(String message) {
            this(message, Duration.ZERO);
        }

        public Unreachable(String message, Duration retryAfter) {
            super(message);
            this.retryAfter = retryAfter;
        }

        public Unreachable(String message, Throwable cause) {
            super(message, cause);
            this.retryAfter = Duration.ZERO;
        }

        /** What a 503 asked for; zero if it did not say. */
        public Duration retryAfter() {
            return retryAfter;
        }
    }

    /** 404: the origin answers and does not have it. */
    public static final class NotFound extends OriginException {
        public NotFound(String message) {
            super(message);
        }
    }

    /** 401 or 403 with the credentials that we have. */
    public static final class Denied extends OriginException {
        public Denied(String message) {
            super(message);
        }
    }

    /** 429 after the bounded retries. */
    public static final class Busy extends OriginException {
        private final Duration retryAfter;

        public Busy(String message, Duration retryAfter) {
            super(message);
            this.retryAfter = retryAfter;
        }

        /** What the origin asked for; zero if it did not say. */
        public Duration retryAfter() {
            return retryAfter;
        }
    }

    /** We refuse to ask: a private address for a registry that the configuration does not name, or the like. */
    public static final class Forbidden extends OriginException {
        public Forbidden(String message) {
            super(message);
        }
    }

    /** The origin answered something that breaks the protocol: a digest that is none, no length, too large. */
    public static final class Malformed extends OriginException {
        public Malformed(String message) {
            super(message);
        }
    }
}
