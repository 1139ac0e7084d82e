package ringpull.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/** What the program says to whoever started it. */
final class ExitCode {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;
    static final int NEEDS_YOUR_HAND = 3;
    static final int NO_DAEMON = 4;
    static final int NOT_FOUND = 5;

    private ExitCode() {}

    /** As the manual lists them. */
    static Map<String, String> manual() {
        Map<String, String> codes = new LinkedHashMap<>();
        codes.put(" " + DONE, "done");
        codes.put(" " + FAILED, "failed; standard error says why");
        codes.put(" " + WRONG_USAGE, "wrong usage");
        codes.put(" " + NEEDS_YOUR_HAND, "done, but something needs your hand; it is printed");
        codes.put(" " + NO_DAEMON, "no daemon answers on the control socket");
        codes.put(" " + NOT_FOUND, "not found: nobody has it");
        return codes;
    }
}
