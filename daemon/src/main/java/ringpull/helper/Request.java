package ringpull.helper;

import java.util.HexFormat;
import java.util.UUID;
import java.util.regex.Pattern;
import ringpull.blob.Digest;

/**
 * Everything that the helper can be asked, as one line of text. A connection is a target (after {@link Listen}) or one
 * host's controller (after {@link Connect}), and all that it made goes when it ends; {@link Probe} and {@link Abort} make
 * nothing. There are no paths in requests: files come as open descriptors.
 */
public sealed interface Request {
    /** What this host's kernel cannot do: answered with why it is no target, a tab, and why no host; empty where it is one. */
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

    /**
     * Throw away what containerd keeps of a blob and is not the blob, as the blob's own bytes show: they come beside this, in
     * a file open for reading. Answered with the number of ingests that are gone.
     */
    record Abort(Digest digest) implements Request {}

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

    /** Words of letters, digits and the marks of addresses and names, one space between them. */
    Pattern LINE = Pattern.compile("[a-z]{1,16}(?: [0-9A-Za-z.:-]{1,64}){0,6}");

    Pattern NAME = Pattern.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    /** @throws IllegalArgumentException if it is none of these, to the letter */
    static Request parse(String line) {
        String[] words = LINE.matcher(line).matches() ? line.split(" ", -1) : new String[] {""};
        return switch (words[0] + " " + (words.length - 1)) {
            case "probe 0" -> new Probe();
            case "listen 3" -> new Listen(Endpoint.parse(words[1], words[2], words[3]));
            case "export 3" -> new Export(new Session(words[1]), new Key(words[2]), name(words[3]));
            case "withdraw 2" -> new Withdraw(new Session(words[1]), name(words[2]));
            case "dismiss 1" -> new Dismiss(new Session(words[1]));
            case "connect 5" ->
                new Connect(Endpoint.parse(words[1], words[2], words[3]), new Session(words[4]), new Key(words[5]));
            case "open 1" -> new Open(name(words[1]));
            case "abort 1" -> new Abort(Digest.parse("sha256:" + words[1]));
            default -> throw new IllegalArgumentException("no such request");
        };
    }

    private static UUID name(String text) {
        if (!NAME.matcher(text).matches()) {
            throw new IllegalArgumentException("a namespace's name is a UUID in small letters");
        }
        return UUID.fromString(text);
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
            case Abort r -> "abort " + r.digest.hex();
        };
    }
}
