package ringpull.ring.wire;

/** What the daemon does with its connections, for those who simulate it. */
public final class WireLimits {
    /** Connections that a node keeps open, those used last. */
    public static final int CONNECTIONS = Channels.KEPT;

    /** After so long without a call it closes one. */
    public static final long IDLE_MINUTES = Channels.IDLE_MINUTES;

    /** Questions that wait at one node for its answers. */
    public static final int QUESTIONS = ControlPort.EXCHANGES;

    /** Events that wait for a ring's thread. */
    public static final int EVENTS = RingNode.EVENTS;

    private WireLimits() {}
}
