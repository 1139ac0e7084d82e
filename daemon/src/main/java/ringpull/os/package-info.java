/** What the JDK does not reach: a few libc calls through jnr-ffi, systemd notification, who owns a port. */
@NullMarked
package ringpull.os;

import org.jspecify.annotations.NullMarked;
