package ringpull.fetch;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What an image is made to run on, in the words of the OCI image specification.
 *
 * @param variant empty: any
 */
public record Platform(String os, String architecture, String variant) {
    /** Three parts and two slashes. */
    private static final int CHARS_MAX = 194;

    private static final Pattern PART = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    public Platform {
        os = os.toLowerCase(Locale.ROOT);
        architecture = canonical(architecture.toLowerCase(Locale.ROOT));
        variant = variant.toLowerCase(Locale.ROOT);
    }

    /** This host's. */
    public static Platform host() {
        return new Platform("linux", System.getProperty("os.arch", ""), "");
    }

    /**
     * Parses {@code os/arch} or {@code os/arch/variant}.
     *
     * @throws IllegalArgumentException with the form that is expected
     */
    public static Platform parse(String text) {
        String[] parts = text.length() <= CHARS_MAX ? text.split("/", -1) : new String[0];
        boolean wellFormed = parts.length == 2 || parts.length == 3;
        for (String part : parts) {
            wellFormed &= PART.matcher(part).matches();
        }
        if (!wellFormed) {
            String brief = text.length() <= 100 ? text : text.substring(0, 100) + "…";
            throw new IllegalArgumentException(
                    "not a platform of the form os/arch[/variant], as in linux/arm64: " + brief);
        }
        return new Platform(parts[0], parts[1], parts.length == 3 ? parts[2] : "");
    }

    /** Whether what was made for the other platform is what one who asks for this one wants. */
    boolean accepts(Platform offered) {
        return os.equals(offered.os)
                && architecture.equals(offered.architecture)
                && (variant.isEmpty() || variantOrDefault().equals(offered.variantOrDefault()));
    }

    private String variantOrDefault() {
        return variant.isEmpty() && architecture.equals("arm64") ? "v8" : variant;
    }

    private static String canonical(String architecture) {
        return switch (architecture) {
            case "x86_64", "x86-64" -> "amd64";
            case "aarch64" -> "arm64";
            default -> architecture;
        };
    }

    @Override
    public String toString() {
        return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
    }
}
