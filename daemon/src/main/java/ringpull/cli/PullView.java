package ringpull.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import ringpull.v1.ImagePullEvent;

/** Shows a pull while it runs: bars that move on a terminal, else a line when something happened. */
final class PullView {
    /** On no terminal, how often a blob that is on its way gets a line. */
    private static final long LINE_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final int BAR_CHARS = 24;
    private static final int ROLE_CHARS = 8;
    private static final int BRIEF_CHARS = "sha256:".length() + 12;

    private final PrintWriter out;
    private final boolean terminal;
    private final LongSupplier nanoTime;
    private final Map<String, ImagePullEvent.Blob> running = new LinkedHashMap<>();
    private final Map<String, Long> lineAt = new LinkedHashMap<>();
    private int barsOnScreen;

    PullView(PrintWriter out, boolean terminal, LongSupplier nanoTime) {
        this.out = out;
        this.terminal = terminal;
        this.nanoTime = nanoTime;
    }

    void show(ImagePullEvent.Blob blob) {
        switch (blob.getState()) {
            case WAITING -> {
                // a line for each of a thousand would say nothing
            }
            case RUNNING -> {
                running.put(blob.getDigest(), blob);
                if (terminal) {
                    redraw(() -> {});
                } else {
                    lineNowAndThen(blob);
                }
            }
            case HERE, DONE, SKIPPED, FAILED, UNRECOGNIZED -> {
                running.remove(blob.getDigest());
                redraw(() -> out.println(ended(blob)));
            }
        }
    }

    /** Takes the bars away. */
    void end() {
        running.clear();
        redraw(() -> {});
    }

    private void lineNowAndThen(ImagePullEvent.Blob blob) {
        long now = nanoTime.getAsLong();
        Long last = lineAt.putIfAbsent(blob.getDigest(), now);
        if (last != null && now - last >= LINE_EVERY_NANOS) {
            lineAt.put(blob.getDigest(), now);
            out.println(name(blob, blob.getDigest()) + "  " + Text.bytes(blob.getReceivedBytes()) + " of "
                    + Text.bytes(blob.getSizeBytes()));
        }
    }

    /** Wipes the bars, lets lines be written where they were, and draws the bars below. */
    private void redraw(Runnable lines) {
        if (terminal && barsOnScreen > 0) {
            out.print("\u001b[" + barsOnScreen + "F\u001b[J");
        }
        lines.run();
        if (terminal) {
            running.values().forEach(blob -> out.println(bar(blob)));
            barsOnScreen = running.size();
            out.flush();
        }
    }

    private static String bar(ImagePullEvent.Blob blob) {
        double share = blob.getSizeBytes() == 0 ? 1 : (double) blob.getReceivedBytes() / blob.getSizeBytes();
        int full = (int) Math.clamp(share * BAR_CHARS, 0, BAR_CHARS);
        String brief = blob.getDigest()
                .substring(0, Math.min(BRIEF_CHARS, blob.getDigest().length()));
        return name(blob, brief) + " [" + "#".repeat(full) + ".".repeat(BAR_CHARS - full) + "] "
                + Text.bytes(blob.getReceivedBytes()) + " of " + Text.bytes(blob.getSizeBytes());
    }

    private static String ended(ImagePullEvent.Blob blob) {
        String how = switch (blob.getState()) {
            case HERE -> "was here";
            case DONE -> "done" + (blob.getSource().isEmpty() ? "" : ", from " + blob.getSource());
            case SKIPPED -> "skipped";
            case FAILED -> "failed";
            case WAITING, RUNNING, UNRECOGNIZED -> "";
        };
        return Text.printable(name(blob, blob.getDigest()) + "  " + Text.bytes(blob.getSizeBytes()) + "  " + how
                + (blob.getNote().isEmpty() ? "" : ": " + blob.getNote()));
    }

    private static String name(ImagePullEvent.Blob blob, String digest) {
        String role = blob.getRole();
        return role + " ".repeat(Math.max(1, ROLE_CHARS + 1 - role.length())) + digest;
    }
}
