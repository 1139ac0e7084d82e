/** Proves again what lies on disk: when asked to, and slowly all the time. */
@NullMarked
package ringpull.scrub;

import org.jspecify.annotations.NullMarked;
