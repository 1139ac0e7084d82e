package ringpull.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** The keys of one table. A key becomes known by being asked for; what is left over at the end is a mistake. */
final class Keys {
    private final String name;
    private final @Nullable TomlTable table;
    private final Problems problems;
    private final List<String> known = new ArrayList<>();

    /** @param name as messages write it, {@code [mirror]}; empty for the file itself */
    Keys(String name, @Nullable TomlTable table, Problems problems) {
        this.name = name;
        this.table = table;
        this.problems = problems;
    }

    /** @param parser throws IllegalArgumentException with a message that follows "must be" */
    <T> T get(String key, T fallback, Function<Object, T> parser) {
        known.add(key);
        Object value = value(key);
        if (value == null) {
            return fallback;
        }
        try {
            return parser.apply(value);
        } catch (IllegalArgumentException e) {
            problem(key, "must be " + e.getMessage());
            return fallback;
        }
    }

    /** The empty string stands for absence, so that every key can be written down with its default. */
    <T> Optional<T> find(String key, Function<Object, T> parser) {
        return get(
                key, Optional.empty(), value -> "".equals(value) ? Optional.empty() : Optional.of(parser.apply(value)));
    }

    Keys table(String key) {
        known.add(key);
        Object value = value(key);
        if (value != null && !(value instanceof TomlTable)) {
            problem(key, "must be a table: write [" + key + "]");
        }
        return new Keys("[" + key + "]", value instanceof TomlTable inner ? inner : null, problems);
    }

    List<Keys> tables(String key, int most) {
        known.add(key);
        Object value = value(key);
        List<Keys> all = new ArrayList<>();
        if (value instanceof TomlArray array && array.size() <= most) {
            for (int i = 0; i < array.size(); i++) {
                if (array.get(i) instanceof TomlTable inner) {
                    all.add(new Keys("[[" + key + "]]", inner, problems));
                } else {
                    problem(key, "must be tables: write [[" + key + "]]");
                }
            }
        } else if (value instanceof TomlArray) {
            problem(key, "must be at most " + most + " tables");
        } else if (value != null) {
            problem(key, "must be a list of tables: write [[" + key + "]]");
        }
        return all;
    }

    void problem(String key, String problem) {
        problems.add(position(key), (name.isEmpty() ? "" : name + " ") + key + " " + problem);
    }

    /** Call last: names every key that nobody asked for. */
    void end() {
        if (table == null) {
            return;
        }
        for (String key : table.keySet()) {
            if (!known.contains(key)) {
                problems.add(position(key), "unknown " + what(key) + "; " + suggestion(key));
            }
        }
    }

    List<String> known() {
        return List.copyOf(known);
    }

    private String what(String key) {
        if (!name.isEmpty()) {
            return "key " + key + " in " + name;
        }
        return value(key) instanceof TomlTable ? "table [" + key + "]" : "key " + key + " outside any table";
    }

    private String suggestion(String key) {
        return Nearest.of(key, known)
                .map(nearest -> "did you mean " + nearest + "?")
                .orElseGet(() -> "known are: " + String.join(", ", known));
    }

    private @Nullable Object value(String key) {
        return table == null ? null : table.get(List.of(key));
    }

    private @Nullable TomlPosition position(String key) {
        return table == null ? null : table.inputPositionOf(List.of(key));
    }
}
