/** What we know of containerd on this host: its hosts.toml and its configuration. */
@NullMarked
package ringpull.containerd;

import org.jspecify.annotations.NullMarked;
