/** Hostile input for decoders. */
@NullMarked
package ringpull.fuzz;

import org.jspecify.annotations.NullMarked;
