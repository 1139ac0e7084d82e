/** Second readings of chunks, over the control port. */
@NullMarked
package ringpull.blame.wire;

import org.jspecify.annotations.NullMarked;
