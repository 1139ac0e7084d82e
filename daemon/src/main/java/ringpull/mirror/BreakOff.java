package ringpull.mirror;

/** An answer has to end in mid-body: the connection closes with FIN, so that the client resumes elsewhere. */
final class BreakOff extends Exception {
    private final String reason;

    /** @param reason one word, for metrics */
    BreakOff(String reason, String detail) {
        super(detail);
        this.reason = reason;
    }

    String reason() {
        return reason;
    }
}
