/** The ring that ships, under virtual time: a network that fails as told, and what must hold all the same. */
@NullMarked
package ringpull.sim;

import org.jspecify.annotations.NullMarked;
