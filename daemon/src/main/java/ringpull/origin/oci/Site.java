package ringpull.origin.oci;

import java.net.URI;
import java.util.Locale;

/** Scheme, host and port of a URL as text, always with the port: what decides who may see what, and fit for messages. */
final class Site {
    private Site() {}

    static String of(URI url) {
        return scheme(url) + "://" + host(url) + ":" + port(url);
    }

    static String scheme(URI url) {
        return String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
    }

    static String host(URI url) {
        return String.valueOf(url.getHost()).toLowerCase(Locale.ROOT);
    }

    /** The host without brackets and in lower case: how look-ups and sets of hosts write it. */
    static String bare(String host) {
        String lower = host.toLowerCase(Locale.ROOT);
        return lower.startsWith("[") && lower.endsWith("]") ? lower.substring(1, lower.length() - 1) : lower;
    }

    static int port(URI url) {
        if (url.getPort() >= 0) {
            return url.getPort();
        }
        return scheme(url).equals("http") ? 80 : 443;
    }
}
