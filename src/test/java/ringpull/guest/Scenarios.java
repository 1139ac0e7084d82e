package ringpull.guest;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a program in a guest tries, one after the other; each outcome is a line of its output. */
public final class Scenarios {
    private static final String PASSED = "scenario passed: ";
    private static final String FAILED = "scenario failed: ";
    private static final String END = "scenario over";

    private final Map<String, Scenario> all = new LinkedHashMap<>();

    /** One of them; fails by throwing. */
    @FunctionalInterface
    public interface Scenario {
        void run() throws Exception;
    }

    /** @param failure empty: none */
    record Outcome(String name, String failure) {}

    public Scenarios add(String name, Scenario scenario) {
        all.put(name, scenario);
        return this;
    }

    /** Runs all; what failed is told by the lines, not by the exit status. */
    public void run() {
        String only = System.getenv().getOrDefault("RINGPULL_GUEST_ONLY", "");
        all.forEach((name, scenario) -> {
            if (!name.contains(only)) {
                return;
            }
            long start = System.nanoTime();
            try {
                scenario.run();
                System.out.println(PASSED + name);
            } catch (Exception | AssertionError e) {
                StringWriter trace = new StringWriter();
                e.printStackTrace(new PrintWriter(trace));
                System.out.println(FAILED + name + "\n" + trace + END);
            }
            System.out.println(String.format("%s: %.1f s", name, (System.nanoTime() - start) / 1e9));
        });
        System.out.flush();
    }

    static List<Outcome> parse(String output) {
        List<Outcome> outcomes = new ArrayList<>();
        String failed = "";
        StringBuilder why = new StringBuilder();
        for (String line : output.lines().toList()) {
            if (line.startsWith(PASSED)) {
                outcomes.add(new Outcome(line.substring(PASSED.length()), ""));
            } else if (line.startsWith(FAILED)) {
                failed = line.substring(FAILED.length());
                why.setLength(0);
            } else if (line.equals(END)) {
                outcomes.add(new Outcome(failed, why.toString()));
                failed = "";
            } else if (!failed.isEmpty()) {
                why.append(line).append('\n');
            }
        }
        return outcomes;
    }
}
