/** Real parts end to end: daemons as processes, containerd, skopeo, registries. */
@NullMarked
package ringpull.e2e;

import org.jspecify.annotations.NullMarked;
