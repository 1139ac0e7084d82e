/** Makes an authority and members' certificates for those who have none, and says what is in a certificate. */
@NullMarked
package ringpull.pki;

import org.jspecify.annotations.NullMarked;
