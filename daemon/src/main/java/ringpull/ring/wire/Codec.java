package ringpull.ring.wire;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import ringpull.ring.Change;
import ringpull.ring.Claim;
import ringpull.ring.Delta;
import ringpull.ring.Hashes;
import ringpull.ring.Limits;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.Status;
import ringpull.ring.Message;
import ringpull.ring.Rumor;
import ringpull.v1.RingClaim;
import ringpull.v1.RingDelta;
import ringpull.v1.RingMessage;
import ringpull.v1.RingRumor;
import ringpull.v1.RingStatus;

/** Between ring messages and their wire form. What decodes is within the {@link Limits}. */
final class Codec {
    private static final int ID_BYTES = 16;
    private static final HexFormat HEX = HexFormat.of();

    private Codec() {}

    static RingMessage encode(Message message) {
        RingMessage.Builder wire = RingMessage.newBuilder()
                .setCluster(message.cluster())
                .setProtocol(message.protocol())
                .setCapabilities(message.capabilities())
                .setHealth(message.health())
                .setSender(encode(message.sender()));
        message.rumors().forEach(rumor -> wire.addRumors(encode(rumor)));
        message.claims().forEach(claim -> wire.addClaims(encode(claim)));
        for (int i = 0; i < message.deaths().size(); i++) {
            wire.addDeaths(message.deaths().at(i));
        }
        message.deltas().forEach(delta -> wire.addDeltas(encode(delta)));
        Bodies.encode(message.body(), wire);
        return wire.build();
    }

    /** @throws IllegalArgumentException if anything in it is invalid */
    static Message decode(RingMessage wire) {
        atMost(wire.getRumorsCount(), Limits.RUMORS_PER_MESSAGE);
        atMost(wire.getClaimsCount(), Limits.CLAIMS_PER_MESSAGE);
        atMost(wire.getDeathsCount(), Limits.CLAIMS_PER_MESSAGE);
        atMost(wire.getDeltasCount(), Limits.DELTAS_PER_MESSAGE);
        return new Message(
                wire.getCluster(),
                wire.getProtocol(),
                wire.getCapabilities(),
                decode(wire.getSender()),
                Math.clamp(wire.getHealth(), 0, Limits.HEALTH),
                each(wire.getRumorsList(), Codec::decode),
                each(wire.getClaimsList(), Codec::decode),
                Hashes.of(
                        wire.getDeathsList().stream().mapToLong(Long::longValue).toArray()),
                each(wire.getDeltasList(), Codec::decode),
                Bodies.decode(wire));
    }

    static RingRumor encode(Rumor rumor) {
        Member member = rumor.member();
        RingRumor.Builder wire = RingRumor.newBuilder()
                .setId(encode(member.id()))
                .setEpoch(member.epoch())
                .setIncarnation(rumor.incarnation())
                .setStatus(encode(rumor.status()))
                .setName(member.name())
                .addAllAddresses(member.addresses())
                .setControlPort(member.controlPort())
                .setDataPort(member.dataPort())
                .setRack(member.rack())
                .setZone(member.zone())
                .addAllTransports(member.transports())
                .setEligible(rumor.eligible());
        if (member.weight() != 1) {
            wire.setWeight(member.weight());
        }
        return wire.build();
    }

    private static Rumor decode(RingRumor wire) {
        atMost(wire.getAddressesCount(), Limits.ADDRESSES);
        atMost(wire.getTransportsCount(), Limits.TRANSPORTS);
        Member member = new Member(
                decode(wire.getId()),
                wire.getEpoch(),
                wire.getName(),
                wire.getAddressesList(),
                wire.getControlPort(),
                wire.getDataPort(),
                wire.getRack(),
                wire.getZone(),
                wire.getTransportsList(),
                wire.hasWeight() ? wire.getWeight() : 1);
        return new Rumor(member, wire.getIncarnation(), decode(wire.getStatus()), wire.getEligible());
    }

    private static RingClaim encode(Claim claim) {
        ByteBuffer accusers = ByteBuffer.allocate(claim.accusers().size() * ID_BYTES);
        claim.accusers().forEach(accuser -> accusers.put(HEX.parseHex(accuser.hex())));
        return RingClaim.newBuilder()
                .setId(encode(claim.id()))
                .setEpoch(claim.epoch())
                .setIncarnation(claim.incarnation())
                .setStatus(encode(claim.status()))
                .setEligible(claim.eligible())
                .setAccusers(ByteString.copyFrom(accusers.flip()))
                .build();
    }

    private static Claim decode(RingClaim wire) {
        ByteString ids = wire.getAccusers();
        if (ids.size() % ID_BYTES != 0) {
            throw invalid("ids of accusers that have not 16 bytes");
        }
        atMost(ids.size() / ID_BYTES, Limits.ACCUSERS);
        List<MemberId> accusers = new ArrayList<>();
        for (int at = 0; at < ids.size(); at += ID_BYTES) {
            accusers.add(decode(ids.substring(at, at + ID_BYTES)));
        }
        return new Claim(
                decode(wire.getId()),
                wire.getEpoch(),
                wire.getIncarnation(),
                decode(wire.getStatus()),
                wire.getEligible(),
                accusers);
    }

    private static RingDelta encode(Delta delta) {
        RingDelta.Builder wire = RingDelta.newBuilder()
                .setMember(encode(delta.member()))
                .setEpoch(delta.epoch())
                .setFrom(delta.from())
                .setTo(delta.to())
                .setFirstSegment(delta.firstSegment())
                .setEndSegment(delta.endSegment());
        long last = delta.from();
        for (Change change : delta.changes()) {
            wire.addBlobs(change.blob()).addSizes(change.sizeBytes() + 1);
            if (!delta.isPart()) {
                wire.addSteps(change.version() - last);
                last = change.version();
            }
        }
        return wire.build();
    }

    private static Delta decode(RingDelta wire) {
        int count = wire.getBlobsCount();
        atMost(count, Limits.CHANGES_PER_MESSAGE);
        boolean part = wire.getEndSegment() != 0;
        if (wire.getSizesCount() != count || wire.getStepsCount() != (part ? 0 : count)) {
            throw invalid("an inventory whose lists differ in length");
        }
        List<Change> changes = new ArrayList<>(count);
        long version = part ? 0 : wire.getFrom();
        for (int i = 0; i < count; i++) {
            long step = part ? 0 : wire.getSteps(i);
            boolean valid = part || (step >= 1 && step <= Limits.COUNTER);
            if (!valid || version < 0 || wire.getSizes(i) < 0) {
                throw invalid("an inventory change");
            }
            version += step;
            changes.add(new Change(version, wire.getBlobs(i), wire.getSizes(i) - 1));
        }
        return new Delta(
                decode(wire.getMember()),
                wire.getEpoch(),
                wire.getFrom(),
                wire.getTo(),
                changes,
                wire.getFirstSegment(),
                wire.getEndSegment());
    }

    static ByteString encode(MemberId id) {
        return ByteString.copyFrom(HEX.parseHex(id.hex()));
    }

    static MemberId decode(ByteString id) {
        if (id.size() != ID_BYTES) {
            throw invalid("a member id that has not 16 bytes");
        }
        return new MemberId(HEX.formatHex(id.toByteArray()));
    }

    private static RingStatus encode(Status status) {
        return switch (status) {
            case ALIVE -> RingStatus.RING_STATUS_ALIVE;
            case SUSPECT -> RingStatus.RING_STATUS_SUSPECT;
            case DEAD -> RingStatus.RING_STATUS_DEAD;
            case LEFT -> RingStatus.RING_STATUS_LEFT;
        };
    }

    private static Status decode(RingStatus status) {
        return switch (status) {
            case RING_STATUS_ALIVE -> Status.ALIVE;
            case RING_STATUS_SUSPECT -> Status.SUSPECT;
            case RING_STATUS_DEAD -> Status.DEAD;
            case RING_STATUS_LEFT -> Status.LEFT;
            case RING_STATUS_UNSPECIFIED, UNRECOGNIZED -> throw invalid("a status that is none");
        };
    }

    static <A, B> List<B> each(List<A> list, Function<A, B> convert) {
        return list.stream().map(convert).toList();
    }

    static void atMost(int count, int most) {
        if (count > most) {
            throw invalid("more than " + most + " entries");
        }
    }

    static IllegalArgumentException invalid(String what) {
        return new IllegalArgumentException("invalid ring message: " + what);
    }
}
