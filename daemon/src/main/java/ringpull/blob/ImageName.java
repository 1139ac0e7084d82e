package ringpull.blob;

import java.util.regex.Pattern;

/**
 * An image reference as people write it.
 *
 * @param repository registry and path; {@code debian} means {@code docker.io/library/debian}
 * @param reference a tag, or a digest in its text form
 */
public record ImageName(Repository repository, String reference) {
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");

    /** Whether this text may stand where a tag does. */
    public static boolean isTag(String text) {
        return TAG.matcher(text).matches();
    }

    public ImageName {
        if (!isTag(reference) && Digest.tryParse(reference).isEmpty()) {
            throw new IllegalArgumentException("neither a tag nor a sha256 digest: " + reference);
        }
    }

    /**
     * Parses {@code [registry/]path[:tag][@digest]}; the digest wins over the tag, and the tag defaults to latest.
     *
     * @throws IllegalArgumentException with the reason, if the text is no such reference
     */
    public static ImageName parse(String text) {
        String name = text;
        String reference = "latest";
        int at = name.indexOf('@');
        String digest = at < 0 ? "" : name.substring(at + 1);
        name = at < 0 ? name : name.substring(0, at);
        int colon = name.lastIndexOf(':');
        if (colon > name.lastIndexOf('/')) {
            reference = name.substring(colon + 1);
            name = name.substring(0, colon);
        }
        reference = digest.isEmpty() ? reference : digest;
        int slash = name.indexOf('/');
        String first = slash < 0 ? "" : name.substring(0, slash);
        boolean hasRegistry = first.contains(".") || first.contains(":") || first.equals("localhost");
        if (hasRegistry) {
            return new ImageName(new Repository(first, name.substring(slash + 1)), reference);
        }
        String path = slash < 0 ? "library/" + name : name;
        return new ImageName(new Repository("docker.io", path), reference);
    }

    @Override
    public String toString() {
        return repository + (isTag(reference) ? ":" : "@") + reference;
    }
}
