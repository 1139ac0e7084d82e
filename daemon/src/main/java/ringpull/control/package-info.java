/** The gRPC service behind the command line, on a Unix socket. */
@NullMarked
package ringpull.control;

import org.jspecify.annotations.NullMarked;
