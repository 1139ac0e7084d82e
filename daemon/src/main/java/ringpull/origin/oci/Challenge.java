package ringpull.origin.oci;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One way to authenticate that a WWW-Authenticate header offers.
 *
 * @param scheme in lower case
 * @param parameters by name in lower case
 */
record Challenge(String scheme, Map<String, String> parameters) {
    /** More than any registry offers. */
    private static final int CHALLENGES_MAX = 8;

    private static final String TOKEN_SPECIALS = "!#$%&'*+-.^_`|~";

    /** Reads every challenge of a header; what follows something unreadable is left out. */
    static List<Challenge> parse(String header) {
        return new Parser(header).challenges();
    }

    private static final class Parser {
        private final String text;
        private int at;

        Parser(String text) {
            this.text = text;
        }

        List<Challenge> challenges() {
            List<Challenge> found = new ArrayList<>();
            while (found.size() < CHALLENGES_MAX) {
                skip(" \t,");
                String scheme = token();
                if (scheme.isEmpty()) {
                    break;
                }
                found.add(new Challenge(scheme.toLowerCase(Locale.ROOT), parameters()));
            }
            return found;
        }

        /** Stops before a token that no {@code =} follows: that is the next scheme. */
        private Map<String, String> parameters() {
            Map<String, String> parameters = new HashMap<>();
            while (true) {
                skip(" \t,");
                int start = at;
                String name = token();
                skip(" \t");
                if (name.isEmpty() || at == text.length() || text.charAt(at) != '=') {
                    at = start;
                    return parameters;
                }
                at++;
                skip(" \t");
                boolean quoted = at < text.length() && text.charAt(at) == '"';
                parameters.putIfAbsent(name.toLowerCase(Locale.ROOT), quoted ? quoted() : token());
            }
        }

        private String quoted() {
            StringBuilder value = new StringBuilder();
            for (at++; at < text.length() && text.charAt(at) != '"'; at++) {
                boolean escaped = text.charAt(at) == '\\' && at + 1 < text.length();
                at += escaped ? 1 : 0;
                value.append(text.charAt(at));
            }
            at = Math.min(at + 1, text.length());
            return value.toString();
        }

        private String token() {
            int start = at;
            while (at < text.length() && isTokenCharacter(text.charAt(at))) {
                at++;
            }
            return text.substring(start, at);
        }

        private static boolean isTokenCharacter(char c) {
            boolean alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            return alphanumeric || TOKEN_SPECIALS.indexOf(c) >= 0;
        }

        private void skip(String characters) {
            while (at < text.length() && characters.indexOf(text.charAt(at)) >= 0) {
                at++;
            }
        }
    }
}
