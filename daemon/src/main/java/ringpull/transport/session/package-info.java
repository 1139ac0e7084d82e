/** What lets one member read another's blobs in plain text: a secret per pair, for one boot, whatever the transport. */
@NullMarked
package ringpull.transport.session;

import org.jspecify.annotations.NullMarked;
