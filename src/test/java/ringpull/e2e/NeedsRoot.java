package ringpull.e2e;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The test runs only as root; {@link NeedsPrograms} says which programs it wants beside that. Where it cannot run it is
 * skipped and the reason printed; in CI (environment {@code CI=true}) that is a failure.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ExtendWith(Needs.class)
@interface NeedsRoot {}
