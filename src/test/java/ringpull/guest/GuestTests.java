package ringpull.guest;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.LoggingListener;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Runs the test classes and methods ({@code CLASS#METHOD}) that its arguments name; exit code 0 if some ran, none was skipped and none failed. */
final class GuestTests {
    private GuestTests() {}

    public static void main(String[] tests) {
        SummaryGeneratingListener summary = new SummaryGeneratingListener();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(Arrays.stream(tests)
                                        .map(test -> test.contains("#")
                                                ? DiscoverySelectors.selectMethod(test)
                                                : DiscoverySelectors.selectClass(test))
                                        .toList())
                                .build(),
                        summary,
                        LoggingListener.forBiConsumer((_, message) -> System.err.println(message.get())));
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        summary.getSummary().printTo(out);
        summary.getSummary().printFailuresTo(out, 40);
        boolean all = summary.getSummary().getTestsFoundCount() > 0
                && summary.getSummary().getTestsSucceededCount()
                        == summary.getSummary().getTestsFoundCount();
        System.exit(all ? 0 : 1);
    }
}
