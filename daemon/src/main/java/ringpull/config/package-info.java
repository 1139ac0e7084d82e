/** The TOML file as records, with every default, and the reader that names file, line and the nearest known key. */
@NullMarked
package ringpull.config;

import org.jspecify.annotations.NullMarked;
