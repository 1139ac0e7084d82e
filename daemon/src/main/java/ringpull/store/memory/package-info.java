/** A store in a temporary directory with its index in memory, for tests; passes the same contract. */
@NullMarked
package ringpull.store.memory;

import org.jspecify.annotations.NullMarked;
