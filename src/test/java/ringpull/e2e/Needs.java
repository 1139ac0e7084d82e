package ringpull.e2e;

import java.lang.reflect.AnnotatedElement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;
import ringpull.demo.Programs;

/** What {@link NeedsRoot} and {@link NeedsPrograms} mean. */
final class Needs implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        List<String> missing = context.getElement()
                .map(element -> missing(
                        element, Programs.isRoot(), name -> Programs.find(name).isPresent()))
                .orElse(List.of());
        return decide(context.getDisplayName(), missing, "true".equals(System.getenv("CI")));
    }

    static List<String> missing(AnnotatedElement test, boolean root, Predicate<String> installed) {
        List<String> missing = new ArrayList<>();
        if (AnnotationSupport.isAnnotated(test, NeedsRoot.class) && !root) {
            missing.add("it needs root");
        }
        AnnotationSupport.findAnnotation(test, NeedsPrograms.class).stream()
                .flatMap(needs -> Arrays.stream(needs.value()))
                .filter(installed.negate())
                .forEach(name -> missing.add(name + " is not installed"));
        return missing;
    }

    static ConditionEvaluationResult decide(String test, List<String> missing, boolean ci) {
        if (missing.isEmpty()) {
            return ConditionEvaluationResult.enabled("all that it needs is here");
        }
        String reason = test + " does not run: " + String.join(", ", missing);
        if (ci) {
            throw new IllegalStateException(reason + "; in CI that is a failure");
        }
        System.out.println(reason);
        return ConditionEvaluationResult.disabled(reason);
    }
}
