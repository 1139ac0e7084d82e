/** Drives the pure ring over gRPC between daemons: the one place where the ring meets threads, time and sockets. */
@NullMarked
package ringpull.ring.wire;

import org.jspecify.annotations.NullMarked;
