package ringpull.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a command printed, and how it ended. */
record Ran(int exitCode, String out, String err) {
    static final DaemonStarter NO_STARTER = config -> {
        throw new AssertionError("no daemon was to be started");
    };

    /** Runs a command against the daemon on this socket. */
    static Ran against(Path socket, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--socket=" + socket);
        return of(NO_STARTER, false, all.toArray(String[]::new));
    }

    static Ran of(String... arguments) {
        return of(NO_STARTER, false, arguments);
    }

    static Ran of(DaemonStarter starter, boolean terminal, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Streams streams = new Streams(new PrintWriter(out), new PrintWriter(err), terminal);
        int exitCode = CommandLineApp.run(arguments, starter, streams);
        return new Ran(exitCode, out.toString(), err.toString());
    }

    /** The one line of standard output as JSON. */
    JsonNode json() {
        try {
            return new ObjectMapper().readTree(out.lines().toList().getLast());
        } catch (JsonProcessingException e) {
            throw new AssertionError(out, e);
        }
    }
}
