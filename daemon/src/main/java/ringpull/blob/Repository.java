package ringpull.blob;

import java.util.regex.Pattern;

/**
 * A repository of a registry.
 *
 * @param registry host, or host:port, as an image reference writes it ({@code docker.io}, {@code [::1]:5000})
 * @param path the name inside the registry ({@code library/debian})
 */
public record Repository(String registry, String path) {
    private static final Pattern REGISTRY =
            Pattern.compile("(\\[[0-9a-fA-F:]+]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?");
    private static final Pattern PATH =
            Pattern.compile("[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*");

    /** @throws IllegalArgumentException if either part breaks the grammar of the OCI distribution specification */
    public Repository {
        if (registry.length() > 255 || !REGISTRY.matcher(registry).matches()) {
            throw new IllegalArgumentException("not a registry host: " + brief(registry));
        }
        if (path.length() > 255 || !PATH.matcher(path).matches()) {
            throw new IllegalArgumentException("not a repository name: " + brief(path));
        }
    }

    private static String brief(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }

    @Override
    public String toString() {
        return registry + "/" + path;
    }
}
