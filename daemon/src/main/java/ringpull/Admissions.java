package ringpull;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import ringpull.config.Config;
import ringpull.ring.Member;
import ringpull.ring.Membership.MemberState;
import ringpull.ring.wire.RingNode;
import ringpull.swarm.wire.SwarmNode;
import ringpull.transport.session.Admission;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;
import ringpull.v1.AdmitReply;
import ringpull.v1.RdmaPlace;

/** Sessions for plain-text data ports, carried by the ring's control channel; both ways, between the two packages' words. */
final class Admissions implements Admission {
    /** The transport's name where the data port speaks TLS, or where the ring has no certificates at all. */
    private static final String TCP = "tcp";

    /** Its name where it is plain text for those with a session. */
    private static final String TCP_PLAIN = "tcp-plain";

    private static final String RDMA = "rdma";

    private final RingNode ring;

    Admissions(RingNode ring) {
        this.ring = ring;
    }

    /** Whether this node's data port is to be plain text for those with a session. */
    static boolean wanted(Config.Peer peer) {
        return peer.tls().isPresent() && peer.data() == Config.Data.PLAIN;
    }

    /**
     * What this node announces: the holder decides how its bytes are read, whatever the reader's own port does.
     *
     * @param rdma whether it serves RDMA too
     */
    static List<String> transports(Config.Peer peer, boolean rdma) {
        String tcp = wanted(peer) ? TCP_PLAIN : TCP;
        return rdma ? List.of(tcp, RDMA, SwarmNode.TRANSPORT) : List.of(tcp, SwarmNode.TRANSPORT);
    }

    /** @param rdma where this node serves RDMA */
    static AdmitReply make(Sessions sessions, String member, List<InetSocketAddress> rdma) {
        Session session = sessions.make(member);
        AdmitReply.Builder reply = AdmitReply.newBuilder()
                .setSession(ByteString.copyFrom(HexFormat.of().parseHex(session.id())))
                .setSecret(ByteString.copyFrom(session.secret().getEncoded()))
                .setLifetimeMillis(session.lifetime().toMillis());
        for (InetSocketAddress place : rdma) {
            reply.addRdma(RdmaPlace.newBuilder()
                    .setAddress(ByteString.copyFrom(place.getAddress().getAddress()))
                    .setPort(place.getPort()));
        }
        return reply.build();
    }

    /** Whether a member's data port is plain text for those with a session. */
    static boolean isPlain(Member member) {
        return member.transports().contains(TCP_PLAIN);
    }

    /** Whether a member can be read from by RDMA. */
    static boolean servesRdma(Member member) {
        return member.transports().contains(RDMA);
    }

    @Override
    public boolean isPlain(InetSocketAddress holder) {
        return member(holder).filter(Admissions::isPlain).isPresent();
    }

    @Override
    public boolean offersRdma(InetSocketAddress holder) {
        return member(holder).filter(Admissions::servesRdma).isPresent();
    }

    @Override
    public Session ask(InetSocketAddress holder) throws IOException, InterruptedException {
        Member member = member(holder).orElseThrow(() -> new IOException(holder + " has left the ring"));
        return session(ring.askForSession(member));
    }

    /** What a member answered, whatever that is. */
    static Session session(AdmitReply reply) throws IOException {
        try {
            List<InetSocketAddress> places = new ArrayList<>();
            for (RdmaPlace place : reply.getRdmaList()) {
                places.add(new InetSocketAddress(
                        InetAddress.getByAddress(place.getAddress().toByteArray()), place.getPort()));
            }
            return Session.of(
                            reply.getSession().toByteArray(),
                            reply.getSecret().toByteArray(),
                            Duration.ofMillis(reply.getLifetimeMillis()))
                    .at(places);
        } catch (IllegalArgumentException e) {
            throw new IOException(String.valueOf(e.getMessage()), e);
        }
    }

    Optional<Member> member(InetSocketAddress holder) {
        String host = holder.getHostString();
        return ring.members().stream()
                .filter(m -> m.status().counts())
                .map(MemberState::member)
                .filter(m -> m.dataPort() == holder.getPort()
                        && m.addresses().getFirst().equals(host))
                .max(Comparator.comparingLong(Member::epoch));
    }
}
