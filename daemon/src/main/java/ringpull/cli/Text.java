package ringpull.cli;

import java.time.Duration;
import java.util.Locale;

/** Figures and foreign words as people read them. */
final class Text {
    private static final String[] UNITS = {"KiB", "MiB", "GiB", "TiB"};

    private Text() {}

    /** Bytes in binary units: {@code 512 B}, {@code 1.5 MiB}. */
    static String bytes(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
    }

    /** A time span in its largest unit: {@code 3 s}, {@code 12 min}, {@code 5 h}, {@code 2 d}. */
    static String age(Duration age) {
        long seconds = Math.max(0, age.toSeconds());
        if (seconds < 120) {
            return seconds + " s";
        }
        if (seconds < 7200) {
            return seconds / 60 + " min";
        }
        return seconds < 48 * 3600 ? seconds / 3600 + " h" : seconds / 86_400 + " d";
    }

    /** Foreign text without what could steer a terminal: others name members, and registries word their errors. */
    static String printable(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints()
                .map(c -> switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR -> '?';
                    default -> c;
                })
                .forEach(clean::appendCodePoint);
        return clean.toString();
    }

    /** A dash where there is nothing to say. */
    static String orDash(String text) {
        return text.isEmpty() ? "-" : text;
    }
}
