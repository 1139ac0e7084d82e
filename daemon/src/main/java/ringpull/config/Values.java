package ringpull.config;

import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tomlj.TomlArray;

/** From TOML values to ours. Each throws IllegalArgumentException with what would have been right. */
final class Values {
    private static final Pattern AMOUNT = Pattern.compile("(\\d{1,18}(?:\\.\\d{1,6})?) ?([A-Za-z]+|%)");
    private static final Map<String, Long> NANOSECONDS = Map.of(
            "ms", 1_000_000L,
            "s", 1_000_000_000L,
            "min", 60_000_000_000L,
            "h", 3_600_000_000_000L,
            "d", 86_400_000_000_000L);
    private static final Map<String, Long> BYTES = Map.of(
            "B", 1L,
            "KiB", 1L << 10,
            "MiB", 1L << 20,
            "GiB", 1L << 30,
            "TiB", 1L << 40,
            "kB", 1_000L,
            "MB", 1_000_000L,
            "GB", 1_000_000_000L,
            "TB", 1_000_000_000_000L);

    private Values() {}

    static String text(Object value) {
        if (value instanceof String text && text.chars().noneMatch(Character::isISOControl)) {
            return text;
        }
        throw new IllegalArgumentException("a string in quotes, on one line");
    }

    static Function<Object, String> text(Pattern pattern, String what) {
        return value -> {
            String text = text(value);
            if (!pattern.matcher(text).matches()) {
                throw new IllegalArgumentException(what + "; is \"" + text + "\"");
            }
            return text;
        };
    }

    static boolean flag(Object value) {
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw new IllegalArgumentException("true or false, without quotes");
    }

    static int port(Object value) {
        if (value instanceof Long port && port >= 0 && port <= 65_535) {
            return port.intValue();
        }
        throw new IllegalArgumentException("a port from 0 to 65535, without quotes (0: any free port)");
    }

    static int weight(Object value) {
        if (value instanceof Long weight && weight >= 0 && weight <= 100) {
            return weight.intValue();
        }
        throw new IllegalArgumentException("a number from 0 to 100, without quotes");
    }

    /** An address to listen on: never a name, because a name may move. */
    static String ip(Object value) {
        try {
            InetAddress.ofLiteral(text(value));
            return text(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("an IP address such as \"127.0.0.1\" or \"::1\"");
        }
    }

    static Path path(Object value) {
        try {
            Path path = Path.of(text(value));
            if (path.isAbsolute()) {
                return path;
            }
        } catch (InvalidPathException e) {
            // Told below.
        }
        throw new IllegalArgumentException("an absolute path");
    }

    static <E extends Enum<E>> Function<Object, E> oneOf(Class<E> type) {
        List<String> words = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            words.add(constant.name().toLowerCase(Locale.ROOT));
        }
        return value -> {
            int index = words.indexOf(value);
            if (index < 0) {
                throw new IllegalArgumentException("one of \"" + String.join("\", \"", words) + "\"");
            }
            return type.getEnumConstants()[index];
        };
    }

    static Function<Object, Duration> duration(Duration least, Duration most) {
        return value -> {
            String range = " (\"500 ms\", \"10 s\", \"5 min\", \"24 h\", \"7 d\"), from " + seconds(least) + " to "
                    + seconds(most) + " s";
            BigDecimal nanoseconds = amount(value, NANOSECONDS, "a duration with its unit" + range);
            if (nanoseconds.compareTo(BigDecimal.valueOf(least.toNanos())) < 0
                    || nanoseconds.compareTo(BigDecimal.valueOf(most.toNanos())) > 0) {
                throw new IllegalArgumentException("a duration within bounds" + range);
            }
            return Duration.ofNanos(nanoseconds.longValue());
        };
    }

    private static String seconds(Duration duration) {
        return BigDecimal.valueOf(duration.toMillis(), 3).stripTrailingZeros().toPlainString();
    }

    /** A size in whole bytes. */
    static Function<Object, Long> bytes(long least, long most) {
        return value -> {
            String what = "a size (\"512 MiB\", or bytes) from " + (least >> 20) + " to " + (most >> 20) + " MiB";
            BigDecimal bytes = value instanceof Long number ? BigDecimal.valueOf(number) : amount(value, BYTES, what);
            if (bytes.compareTo(BigDecimal.valueOf(least)) < 0 || bytes.compareTo(BigDecimal.valueOf(most)) > 0) {
                throw new IllegalArgumentException(what);
            }
            return bytes.longValue();
        };
    }

    /** Bytes, or a share of the file system. */
    static Config.Room room(Object value) {
        String what = "a share of the file system (\"20 %\") or a size (\"500 GiB\", or bytes)";
        if (value instanceof Long bytes && bytes >= 0) {
            return new Config.Room.Bytes(bytes);
        }
        if (value instanceof String text && text.endsWith("%")) {
            BigDecimal percent = amount(value, Map.of("%", 1L), what);
            if (percent.compareTo(BigDecimal.valueOf(100)) > 0) {
                throw new IllegalArgumentException("at most 100 %");
            }
            return new Config.Room.Share(percent.movePointLeft(2).doubleValue());
        }
        BigDecimal bytes = amount(value, BYTES, what);
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException("at most 8388607 TiB");
        }
        return new Config.Room.Bytes(bytes.longValue());
    }

    private static BigDecimal amount(Object value, Map<String, Long> units, String what) {
        Matcher matcher = AMOUNT.matcher(value instanceof String text ? text : "");
        Long unit = matcher.matches() ? units.get(matcher.group(2)) : null;
        if (unit == null) {
            throw new IllegalArgumentException(what);
        }
        return new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit));
    }

    /** Scheme, host, perhaps port and path; nothing that could smuggle a credential or a query. */
    static URI url(Object value) {
        try {
            URI url = new URI(text(value));
            boolean http = "https".equals(url.getScheme()) || "http".equals(url.getScheme());
            if (http
                    && url.getHost() != null
                    && url.getPort() <= 65_535
                    && url.getRawUserInfo() == null
                    && url.getRawQuery() == null
                    && url.getRawFragment() == null) {
                return url;
            }
        } catch (URISyntaxException e) {
            // Told below.
        }
        throw new IllegalArgumentException("a URL such as \"https://cache.example:5000\", without user, ? or #");
    }

    static <T> Function<Object, List<T>> list(int most, Function<Object, T> element) {
        return value -> {
            if (!(value instanceof TomlArray array) || array.size() > most) {
                throw new IllegalArgumentException("a list [\"…\", \"…\"] of at most " + most);
            }
            List<T> all = new ArrayList<>();
            for (Object each : array.toList()) {
                all.add(element.apply(each));
            }
            if (new HashSet<>(all).size() < all.size()) {
                throw new IllegalArgumentException("a list without repetitions");
            }
            return List.copyOf(all);
        };
    }
}
