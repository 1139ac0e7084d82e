/** Chunks over HTTP/1.1 ranges on persistent TCP connections, with or without TLS (Netty). */
@NullMarked
package ringpull.transport.tcp;

import org.jspecify.annotations.NullMarked;
