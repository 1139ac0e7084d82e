package ringpull.fetch;

import ringpull.origin.Origin;
import ringpull.ring.Holders;
import ringpull.ring.Ladders;
import ringpull.transport.Pace;
import ringpull.transport.Transport;

/**
 * Where blobs come from: members that hold them, and the origin for the rest.
 *
 * @param ladders what members say that a blob's chunks are
 * @param download how fast bytes are taken from members
 */
public record Sources(Holders ring, Ladders ladders, Transport transport, Pace download, Origin origin) {
    /** Members that offer no ladders and may be read as fast as they give. */
    public static Sources of(Holders ring, Transport transport, Origin origin) {
        return new Sources(ring, Ladders.NONE, transport, Pace.NONE, origin);
    }
}
