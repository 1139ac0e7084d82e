package ringpull.config;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tomlj.TomlPosition;

/** All that is wrong with one file, so that one start names every mistake. */
final class Problems {
    private static final int MOST = 20;

    private final String file;
    private final List<String> lines = new ArrayList<>();

    Problems(String file) {
        this.file = file;
    }

    void add(@Nullable TomlPosition position, String problem) {
        if (lines.size() < MOST) {
            lines.add(file + ":" + (position == null ? "" : position.line() + ":") + " " + problem);
        }
    }

    void throwIfAny() throws ConfigException {
        if (!lines.isEmpty()) {
            throw new ConfigException(lines);
        }
    }
}
