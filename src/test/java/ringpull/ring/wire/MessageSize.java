package ringpull.ring.wire;

import com.google.protobuf.CodedOutputStream;
import java.util.IdentityHashMap;
import java.util.List;
import ringpull.ring.Member;
import ringpull.ring.Membership.Status;
import ringpull.ring.Message;
import ringpull.ring.Rumor;
import ringpull.v1.RingMessage;
import ringpull.v1.RingRumor;

/** Bytes of messages on the wire, for those who simulate it. Members are described over and over, and measured once each. */
public final class MessageSize {
    private final IdentityHashMap<Member, Integer> members = new IdentityHashMap<>();

    public int of(Message message) {
        Message alone = new Message(
                message.cluster(),
                message.protocol(),
                message.capabilities(),
                message.sender(),
                message.health(),
                List.of(),
                message.claims(),
                message.deaths(),
                message.deltas(),
                message.body());
        int bytes = Codec.encode(alone).getSerializedSize();
        for (Rumor rumor : message.rumors()) {
            int size = of(rumor);
            bytes += CodedOutputStream.computeTagSize(RingMessage.RUMORS_FIELD_NUMBER)
                    + CodedOutputStream.computeUInt32SizeNoTag(size)
                    + size;
        }
        return bytes;
    }

    private int of(Rumor rumor) {
        long incarnation = rumor.incarnation();
        return members.computeIfAbsent(rumor.member(), MessageSize::described)
                + (incarnation == 0
                        ? 0
                        : CodedOutputStream.computeUInt64Size(RingRumor.INCARNATION_FIELD_NUMBER, incarnation))
                + (rumor.eligible() ? CodedOutputStream.computeBoolSize(RingRumor.ELIGIBLE_FIELD_NUMBER, true) : 0);
    }

    /** As it is at first, when it starts; that it is in another state takes as many bytes. */
    private static int described(Member member) {
        return Codec.encode(new Rumor(member, 0, Status.ALIVE)).getSerializedSize();
    }
}
