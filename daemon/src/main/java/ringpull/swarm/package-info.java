/** The meeting of members that fetch one blob: who reads what from the origin, and who has what for whom. Pure. */
@NullMarked
package ringpull.swarm;

import org.jspecify.annotations.NullMarked;
