/** {@code ringpull demo}: three daemons, an origin that counts its bytes and a client, all on loopback. */
@NullMarked
package ringpull.demo;

import org.jspecify.annotations.NullMarked;
