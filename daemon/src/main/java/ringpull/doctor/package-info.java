/** What keeps this host from what its configuration wants, and what to do about it. */
@NullMarked
package ringpull.doctor;

import org.jspecify.annotations.NullMarked;
