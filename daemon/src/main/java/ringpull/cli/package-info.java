/** The command line: one class a subcommand. */
@NullMarked
package ringpull.cli;

import org.jspecify.annotations.NullMarked;
