/** The port for reading chunks from another member, and the port through which our own are served. */
@NullMarked
package ringpull.transport;

import org.jspecify.annotations.NullMarked;
