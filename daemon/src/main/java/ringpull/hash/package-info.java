/** The compression function of SHA-256, from libringpull or in Java. Imports nothing of ours. */
@NullMarked
package ringpull.hash;

import org.jspecify.annotations.NullMarked;
