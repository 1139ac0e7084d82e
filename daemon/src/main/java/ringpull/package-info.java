/** The program: {@code Main} and {@code Daemon}, the wiring that is read top to bottom, and its configuration. */
@NullMarked
package ringpull;

import org.jspecify.annotations.NullMarked;
