/** Mutual TLS between members: one certificate, one key and one CA for the control port and the data port. */
@NullMarked
package ringpull.tls;

import org.jspecify.annotations.NullMarked;
