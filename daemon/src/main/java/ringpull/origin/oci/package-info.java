/** OCI registries over HTTP: authentication, redirects, retries, and the guard against being an open proxy. */
@NullMarked
package ringpull.origin.oci;

import org.jspecify.annotations.NullMarked;
