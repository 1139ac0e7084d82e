/** A transport inside one process, for tests and simulations. */
@NullMarked
package ringpull.transport.memory;

import org.jspecify.annotations.NullMarked;
