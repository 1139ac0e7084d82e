package ringpull.ring.wire;

import ringpull.ring.Message;

/** Bytes of a message on the wire, for those who simulate it. */
public final class MessageSize {
    private MessageSize() {}

    public static int of(Message message) {
        return Codec.encode(message).getSerializedSize();
    }
}
