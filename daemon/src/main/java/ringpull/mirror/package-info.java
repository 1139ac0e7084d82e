/** The registry API on localhost that containerd and other clients pull from. */
@NullMarked
package ringpull.mirror;

import org.jspecify.annotations.NullMarked;
