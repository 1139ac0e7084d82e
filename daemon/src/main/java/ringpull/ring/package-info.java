/** Membership and inventories as pure state machines: no thread, clock, socket or random source of their own. */
@NullMarked
package ringpull.ring;

import org.jspecify.annotations.NullMarked;
