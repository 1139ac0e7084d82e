/** Tests that run in a guest, because their kernel's features are not everywhere. */
@NullMarked
package ringpull.guest;

import org.jspecify.annotations.NullMarked;
