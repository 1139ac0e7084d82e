/** Who is at fault for bytes that are not the blob: signed statements, what follows from evidence, and who is shut out. */
@NullMarked
package ringpull.blame;

import org.jspecify.annotations.NullMarked;
