/** An origin in memory, for tests; passes the same contract. */
@NullMarked
package ringpull.origin.memory;

import org.jspecify.annotations.NullMarked;
