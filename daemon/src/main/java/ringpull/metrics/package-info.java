/** Every meter of the daemon in one file. */
@NullMarked
package ringpull.metrics;

import org.jspecify.annotations.NullMarked;
