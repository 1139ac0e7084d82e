package ringpull.helper;

import java.util.HexFormat;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Everything that the helper can be asked, as one line of text. A connection is a target (after {@link Listen}) or one
 * host's controller (after {@link Connect}), and all that it made goes when it ends. There are no paths in requests: files
 * come as open descriptors.
 */
public sealed interface Request {
    /** What this host's kernel can do. Answered with {@code target}, {@code host}, both or neither. */
    record Probe() implements Request {}

    /** Listen for readers there. */
    record Listen(Endpoint endpoint) implements Request {}

    /** Show a file, which comes beside this, to the reader with this session under this name. */
    record Export(Session session, Key key, UUID namespace) implements Request {}

    /** Show it no longer. */
    record Withdraw(Session session, UUID namespace) implements Request {}

    /** End all that this session sees, and its connection. */
    record Dismiss(Session session) implements Request {}

    /** Connect to the target that knows this session. */
    record Connect(Endpoint endpoint, Session session, Key key) implements Request {}

    /** Open what the target shows under this name; the answer brings the descriptor, for direct reads. */
    record Open(UUID namespace) implements Request {}

    /** A session's name. Not secret. */
    record Session(String id) {
        private static final Pattern FORM = Pattern.compile("[0-9a-f]{32}");

        public Session {
            if (!FORM.matcher(id).matches()) {
                throw new IllegalArgumentException("a session is 32 hex digits");
            }
        }

        /** What the target is called towards this reader. */
        String subsystem() {
            return Names.SUBSYSTEM + id;
        }

        /** What this reader is called. */
        String host() {
            return Names.HOST + id;
        }

        /** The kernel wants one for each host name. */
        String hostId() {
            return id.replaceFirst("(.{8})(.{4})(.{4})(.{4})(.{12})", "$1-$2-$3-$4-$5");
        }
    }

    /** 32 secret bytes; never printed. */
    record Key(String hex) {
        private static final Pattern FORM = Pattern.compile("[0-9a-f]{64}");

        public Key {
            if (!FORM.matcher(hex).matches()) {
                throw new IllegalArgumentException("a key is 64 hex digits");
            }
        }

        public static Key of(byte[] bytes) {
            return new Key(HexFormat.of().formatHex(bytes));
        }

        @Override
        public String toString() {
            return "key";
        }
    }

    String ENDPOINT = "(tcp|rdma) ([0-9A-Fa-f.:]{2,45}) ([0-9]{1,5})";
    String SESSION = "([0-9a-f]{32})";
    String KEY = "([0-9a-f]{64})";
    String NAMESPACE = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})";
    Pattern LISTEN = Pattern.compile("listen " + ENDPOINT);
    Pattern EXPORT = Pattern.compile("export " + SESSION + " " + KEY + " " + NAMESPACE);
    Pattern WITHDRAW = Pattern.compile("withdraw " + SESSION + " " + NAMESPACE);
    Pattern DISMISS = Pattern.compile("dismiss " + SESSION);
    Pattern CONNECT = Pattern.compile("connect " + ENDPOINT + " " + SESSION + " " + KEY);
    Pattern OPEN = Pattern.compile("open " + NAMESPACE);

    /** @throws IllegalArgumentException if it is none of these, to the letter */
    static Request parse(String line) {
        Matcher matcher;
        if (line.equals("probe")) {
            return new Probe();
        }
        if ((matcher = LISTEN.matcher(line)).matches()) {
            return new Listen(Endpoint.parse(matcher.group(1), matcher.group(2), matcher.group(3)));
        }
        if ((matcher = EXPORT.matcher(line)).matches()) {
            return new Export(
                    new Session(matcher.group(1)), new Key(matcher.group(2)), UUID.fromString(matcher.group(3)));
        }
        if ((matcher = WITHDRAW.matcher(line)).matches()) {
            return new Withdraw(new Session(matcher.group(1)), UUID.fromString(matcher.group(2)));
        }
        if ((matcher = DISMISS.matcher(line)).matches()) {
            return new Dismiss(new Session(matcher.group(1)));
        }
        if ((matcher = CONNECT.matcher(line)).matches()) {
            return new Connect(
                    Endpoint.parse(matcher.group(1), matcher.group(2), matcher.group(3)),
                    new Session(matcher.group(4)),
                    new Key(matcher.group(5)));
        }
        if ((matcher = OPEN.matcher(line)).matches()) {
            return new Open(UUID.fromString(matcher.group(1)));
        }
        throw new IllegalArgumentException("no such request");
    }

    /** What {@link #parse} reads. */
    default String line() {
        return switch (this) {
            case Probe r -> "probe";
            case Listen r -> "listen " + r.endpoint.text();
            case Export r -> "export " + r.session.id + " " + r.key.hex + " " + r.namespace;
            case Withdraw r -> "withdraw " + r.session.id + " " + r.namespace;
            case Dismiss r -> "dismiss " + r.session.id;
            case Connect r -> "connect " + r.endpoint.text() + " " + r.session.id + " " + r.key.hex;
            case Open r -> "open " + r.namespace;
        };
    }
}
