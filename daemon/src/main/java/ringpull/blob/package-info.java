/** Values and proof: what a blob is, how its chunks are counted, and the only door through which bytes become proven. Imports only {@code hash}. */
@NullMarked
package ringpull.blob;

import org.jspecify.annotations.NullMarked;
