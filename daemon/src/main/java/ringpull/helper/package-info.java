/** The process with root's rights: what it does for the daemon, how it is asked, and the kernel's files that it writes. */
@NullMarked
package ringpull.helper;

import org.jspecify.annotations.NullMarked;
