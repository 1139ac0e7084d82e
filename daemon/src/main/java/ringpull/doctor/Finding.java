package ringpull.doctor;

/**
 * One thing that was looked at.
 *
 * @param subject such as {@code libdisni} or {@code mlx5_0 port 1}
 * @param advice what to do; empty if nothing
 */
public record Finding(String subject, Level level, String text, String advice) {
    /** How it stands. */
    public enum Level {
        OK,
        /** Not as it could be, and no obstacle. */
        NOTE,
        /** Keeps the daemon from what its configuration wants. */
        BAD
    }

    static Finding ok(String subject, String text) {
        return new Finding(subject, Level.OK, text, "");
    }

    static Finding note(String subject, String text, String advice) {
        return new Finding(subject, Level.NOTE, text, advice);
    }

    static Finding bad(String subject, String text, String advice) {
        return new Finding(subject, Level.BAD, text, advice);
    }
}
