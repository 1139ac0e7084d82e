package ringpull.transport.rdma;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * What happened to a connection.
 *
 * @param type as {@code rdma_cm_event_type} numbers them
 * @param id the native number of the connection that it happened to
 * @param status 0, or what the kernel or the fabric says against it
 * @param privateData what the other end sent along; may have zeros after its end
 */
@SuppressWarnings("ArrayRecordComponent") // compared nowhere
record CmEvent(int type, long id, int status, byte[] privateData) {
    static final int ADDRESS_RESOLVED = 0;
    static final int ROUTE_RESOLVED = 2;
    static final int CONNECT_REQUEST = 4;
    static final int REJECTED = 8;
    static final int ESTABLISHED = 9;
    static final int DISCONNECTED = 10;
    static final int DEVICE_REMOVAL = 11;
    static final int ADDRESS_CHANGE = 14;
    static final int TIMEWAIT_EXIT = 15;

    /** A status: {@code -ETIMEDOUT}. */
    static final int TIMED_OUT = -110;

    private static final String[] NAMES = {
        "address resolved", "no such address", "route resolved", "no route", "connection requested",
                "connection answered",
        "connection failed", "unreachable", "rejected", "established", "disconnected", "device removed",
        "multicast joined", "multicast failed", "address changed", "time-wait over"
    };

    /** Takes events of one channel, from one thread. */
    static final class Reader {
        private final long channel;
        private final ByteBuffer buffer =
                ByteBuffer.allocateDirect(Native.eventBytes()).order(ByteOrder.nativeOrder());
        private final long address = Memory.address(buffer);

        /** @param channel its native number */
        Reader(long channel) {
            this.channel = channel;
        }

        /** The next event; nothing when the time is over or the channel was woken. */
        Optional<CmEvent> next(int millis) throws IOException {
            if (!Native.nextEvent(channel, millis, address)) {
                return Optional.empty();
            }
            byte[] data = new byte[buffer.getInt(32)];
            buffer.get(36, data);
            return Optional.of(new CmEvent(buffer.getInt(16), buffer.getLong(8), buffer.getInt(20), data));
        }
    }

    /** Whether the connection is over with it. */
    boolean ends() {
        return switch (type) {
            case DISCONNECTED, DEVICE_REMOVAL, ADDRESS_CHANGE, TIMEWAIT_EXIT -> true;
            default -> false;
        };
    }

    @Override
    public String toString() {
        String name = type >= 0 && type < NAMES.length ? NAMES[type] : "event " + type;
        return status == 0 ? name : name + " (" + status + ")";
    }
}
