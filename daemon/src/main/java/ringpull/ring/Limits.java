package ringpull.ring;

import java.net.InetAddress;
import java.util.List;

/** The most that members may tell each other, and the checks that hold it. */
public final class Limits {
    /** Members that a node knows, the dead included. */
    public static final int MEMBERS = 20_000;

    /** Blobs that one member may announce. */
    public static final int INVENTORY_ENTRIES = 100_000;

    /** Pairs of member and blob that a node remembers; past it, further announcements are not kept. */
    public static final int POSTINGS = 60_000_000;

    /** An encoded message. */
    public static final int MESSAGE_BYTES = 4 << 20;

    /** Members described in one message. */
    public static final int RUMORS_PER_MESSAGE = 4_096;

    /** Members whose inventory changes are in one message. */
    public static final int DELTAS_PER_MESSAGE = 4_096;

    /** Inventory changes in one message, over all members. */
    public static final int CHANGES_PER_MESSAGE = 32_768;

    /** Characters in a name, a rack, a zone or the ring's name. */
    public static final int NAME_CHARS = 253;

    /** Characters in a sentence about a problem, or in the reason of a refusal. */
    public static final int PROBLEM_CHARS = 1_000;

    /** Members named as accusers of one suspect. */
    public static final int ACCUSERS = 4;

    /** Hashes of entries in one message, over all buckets; and in one bucket. */
    public static final int HASHES_PER_MESSAGE = 8_192;

    public static final int ENTRIES_PER_BUCKET = 1_024;

    /** Versions of inventories in one message. */
    public static final int VERSIONS_PER_MESSAGE = 4_096;

    /** Short claims about members in one message. */
    public static final int CLAIMS_PER_MESSAGE = 4_096;

    /** The worst local health; a reader takes more for that. */
    public static final int HEALTH = 8;

    /** Times that a member refutes before it raises its epoch. */
    public static final long INCARNATIONS = 1L << 30;

    /** The most that a member's weight in the rendezvous order may be. */
    public static final int WEIGHT = 100;

    /** Addresses of one member. */
    public static final int ADDRESSES = 8;

    /** Transports of one member. */
    public static final int TRANSPORTS = 8;

    /** Boot epochs and inventory versions; far enough from overflow to add to them. */
    public static final long COUNTER = 1L << 53;

    private static final int ADDRESS_CHARS = 45;
    private static final int TRANSPORT_CHARS = 32;

    private Limits() {}

    static void check(MemberId id, long epoch, List<String> addresses, List<String> transports) {
        within(epoch, COUNTER, "epoch");
        within(addresses.size(), ADDRESSES, "addresses");
        require(!addresses.isEmpty(), "a member without an address: " + id);
        addresses.forEach(Limits::address);
        within(transports.size(), TRANSPORTS, "transports");
        transports.forEach(transport -> name(transport, 1, TRANSPORT_CHARS, "transport"));
    }

    static void check(String name, String rack, String zone) {
        name(name, 1, NAME_CHARS, "name");
        name(rack, 0, NAME_CHARS, "rack");
        name(zone, 0, NAME_CHARS, "zone");
    }

    static void check(int controlPort, int dataPort, int weight) {
        port(controlPort, "control port");
        port(dataPort, "data port");
        within(weight, WEIGHT, "weight");
    }

    static void address(String text) {
        require(
                text.length() <= ADDRESS_CHARS
                        && text.indexOf('%') < 0
                        && (text.indexOf(':') >= 0 || fourPartsIn(text)),
                "not an IP address");
        InetAddress address = InetAddress.ofLiteral(text);
        require(!address.isAnyLocalAddress() && !address.isMulticastAddress(), "not the address of one host");
    }

    private static boolean fourPartsIn(String text) {
        return text.chars().filter(c -> c == '.').count() == 3;
    }

    static void port(int port, String what) {
        require(port >= 1 && port <= 65_535, "a " + what + " that is none");
    }

    static void name(String text, int least, int most, String what) {
        require(text.length() >= least && text.length() <= most, "the length of a " + what);
        require(text.chars().noneMatch(Character::isISOControl), "a control character in a " + what);
    }

    static void within(long value, long most, String what) {
        require(value >= 0 && value <= most, "the number of " + what);
    }

    static void require(boolean valid, String what) {
        if (!valid) {
            throw new IllegalArgumentException("invalid ring message: " + what);
        }
    }

    /** At most so many characters, without control characters: for text from other members. */
    static String tame(String text) {
        String clean = text.replaceAll("[\\p{Cntrl}\\x80-\\x9f]", " ");
        return clean.length() <= PROBLEM_CHARS ? clean : clean.substring(0, PROBLEM_CHARS);
    }
}
