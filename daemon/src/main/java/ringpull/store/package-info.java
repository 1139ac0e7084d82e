/** The port for blobs on this node: complete ones under their digest, partial ones while they arrive. */
@NullMarked
package ringpull.store;

import org.jspecify.annotations.NullMarked;
