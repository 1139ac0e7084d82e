/** The port for where a blob comes from when the ring has none. */
@NullMarked
package ringpull.origin;

import org.jspecify.annotations.NullMarked;
