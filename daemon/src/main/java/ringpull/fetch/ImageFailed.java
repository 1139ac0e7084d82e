package ringpull.fetch;

/** An image cannot be described or pulled: one word that says why, and a sentence that says what to do. */
public final class ImageFailed extends Exception {
    private final String reason;

    ImageFailed(String reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** What failed and how, with what to do about it where there is something to do. */
    static ImageFailed of(String what, String reason, String detail) {
        return new ImageFailed(reason, what + ": " + (detail.isEmpty() ? reason : detail) + advice(reason));
    }

    /** As {@link Fetch#failureReason} and {@link Tags} name them, and {@code malformed}, {@code no_platform}. */
    public String reason() {
        return reason;
    }

    /** Whether those who were asked answered that there is no such thing. */
    public boolean notFound() {
        return reason.equals("not_found") || reason.equals("not_held") || reason.equals("no_platform");
    }

    private static String advice(String reason) {
        return switch (reason) {
            case "denied" -> ". Give its credentials under [[registry]] in the configuration";
            case "forbidden" -> ". If you trust this registry, name it under [[registry]] in the configuration";
            case "unreachable" -> ". Check the registry's endpoints in the configuration, and the network to them";
            case "busy" -> ". Try again later";
            case "store_full" -> ". Raise [store] quota in the configuration, or free disk";
            case "stalled" -> ". The daemon goes on with it in the background; see ringpull trace";
            default -> "";
        };
    }
}
