/** Drives the swarm over gRPC. */
@NullMarked
package ringpull.swarm.wire;

import org.jspecify.annotations.NullMarked;
