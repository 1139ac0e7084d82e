package ringpull.cli;

import java.io.PrintWriter;

/**
 * Where a command writes.
 *
 * @param terminal whether a person looks at {@code out} as it is written
 */
record Streams(PrintWriter out, PrintWriter err, boolean terminal) {}
