package ringpull.origin.oci;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One way to authenticate that a WWW-Authenticate header offers.
 *
 * @param scheme in lower case
 * @param parameters by name in lower case
 */
record Challenge(String scheme, Map<String, String> parameters) {
    /** More than any registry offers. */
    private static final int CHALLENGES_MAX = 8;

    private static final int SCOPES_MAX = 16;
    private static final Pattern REPOSITORY_SCOPE = Pattern.compile("repository:([a-z0-9/._-]{1,255}):([a-z,*]{1,64})");
    private static final String TOKEN_SPECIALS = "!#$%&'*+-.^_`|~";

    /**
     * What to ask a token for: to pull the repository that the challenge names, and nothing more that it offers. Behind a
     * path or a cache that may be another name than ours, and a token server knows no other. Ours, if it names none to
     * pull, or several.
     *
     * @param ours {@code repository:<path>:pull}
     */
    String pullScope(String ours) {
        List<String> named = new ArrayList<>();
        for (String scope : parameters.getOrDefault("scope", "").split(" ", SCOPES_MAX)) {
            Matcher repository = REPOSITORY_SCOPE.matcher(scope);
            if (repository.matches() && List.of(repository.group(2).split(",")).contains("pull")) {
                named.add("repository:" + repository.group(1) + ":pull");
            }
        }
        return named.size() == 1 ? named.getFirst() : ours;
    }

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
