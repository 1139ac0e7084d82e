/** The one package that knows a blob's whole journey: local, neighbours, origin. */
@NullMarked
package ringpull.fetch;

import org.jspecify.annotations.NullMarked;
