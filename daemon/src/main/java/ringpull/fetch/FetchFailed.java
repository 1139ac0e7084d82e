package ringpull.fetch;

/** Why a fetch ends without a blob: one word, which metrics use as a label, and a sentence for people. */
final class FetchFailed extends Exception {
    private final String reason;
    private final String detail;

    FetchFailed(String reason, String detail) {
        super(reason + ": " + detail);
        this.reason = reason;
        this.detail = detail;
    }

    String reason() {
        return reason;
    }

    String detail() {
        return detail;
    }
}
