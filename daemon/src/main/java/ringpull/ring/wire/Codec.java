package ringpull.ring.wire;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import ringpull.blob.Digest;
import ringpull.ring.Body;
import ringpull.ring.Change;
import ringpull.ring.Delta;
import ringpull.ring.Limits;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.Membership.Status;
import ringpull.ring.Message;
import ringpull.ring.Rumor;
import ringpull.ring.Version;
import ringpull.v1.RingAck;
import ringpull.v1.RingCheck;
import ringpull.v1.RingChecked;
import ringpull.v1.RingDelta;
import ringpull.v1.RingMessage;
import ringpull.v1.RingPing;
import ringpull.v1.RingProbe;
import ringpull.v1.RingProbed;
import ringpull.v1.RingRumor;
import ringpull.v1.RingStatus;
import ringpull.v1.RingSync;
import ringpull.v1.RingSynced;
import ringpull.v1.RingVersion;

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
                .setSender(encode(message.sender()));
        message.rumors().forEach(rumor -> wire.addRumors(encode(rumor)));
        message.deltas().forEach(delta -> wire.addDeltas(encode(delta)));
        switch (message.body()) {
            case Body.Ping() -> wire.setPing(RingPing.getDefaultInstance());
            case Body.Ack() -> wire.setAck(RingAck.getDefaultInstance());
            case Body.Probe(MemberId target) ->
                wire.setProbe(RingProbe.newBuilder().setTarget(encode(target)));
            case Body.Probed(boolean reached) ->
                wire.setProbed(RingProbed.newBuilder().setReached(reached));
            case Body.Sync(List<Version> known) ->
                wire.setSync(RingSync.newBuilder().addAllKnown(each(known, Codec::encode)));
            case Body.Synced(List<Version> wanted, boolean more) ->
                wire.setSynced(RingSynced.newBuilder()
                        .addAllWanted(each(wanted, Codec::encode))
                        .setMore(more));
            case Body.Check() -> wire.setCheck(RingCheck.getDefaultInstance());
            case Body.Checked(String problem) ->
                wire.setChecked(RingChecked.newBuilder().setProblem(problem));
            case Body.Unknown() -> {}
        }
        return wire.build();
    }

    /** @throws IllegalArgumentException if anything in it is invalid */
    static Message decode(RingMessage wire) {
        atMost(wire.getRumorsCount(), Limits.RUMORS_PER_MESSAGE);
        atMost(wire.getDeltasCount(), Limits.DELTAS_PER_MESSAGE);
        Body body = switch (wire.getBodyCase()) {
            case PING -> new Body.Ping();
            case ACK -> new Body.Ack();
            case PROBE -> new Body.Probe(decode(wire.getProbe().getTarget()));
            case PROBED -> new Body.Probed(wire.getProbed().getReached());
            case SYNC -> new Body.Sync(versions(wire.getSync().getKnownList()));
            case SYNCED ->
                new Body.Synced(
                        versions(wire.getSynced().getWantedList()),
                        wire.getSynced().getMore());
            case CHECK -> new Body.Check();
            case CHECKED -> new Body.Checked(wire.getChecked().getProblem());
            case BODY_NOT_SET -> new Body.Unknown();
        };
        return new Message(
                wire.getCluster(),
                wire.getProtocol(),
                wire.getCapabilities(),
                decode(wire.getSender()),
                each(wire.getRumorsList(), Codec::decode),
                each(wire.getDeltasList(), Codec::decode),
                body);
    }

    private static RingRumor encode(Rumor rumor) {
        Member member = rumor.member();
        return RingRumor.newBuilder()
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
                .build();
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
                wire.getTransportsList());
        return new Rumor(member, wire.getIncarnation(), decode(wire.getStatus()));
    }

    private static RingDelta encode(Delta delta) {
        RingDelta.Builder wire = RingDelta.newBuilder()
                .setMember(encode(delta.member()))
                .setEpoch(delta.epoch())
                .setFrom(delta.from())
                .setTo(delta.to())
                .setCut(delta.cut())
                .setAsOf(delta.asOf());
        ByteBuffer digests = ByteBuffer.allocate(delta.changes().size() * Digest.SIZE_BYTES);
        long last = delta.from();
        for (Change change : delta.changes()) {
            wire.addSteps(change.version() - last).addSizes(change.sizeBytes() + 1);
            digests.put(change.digest().bytes());
            last = change.version();
        }
        return wire.setDigests(ByteString.copyFrom(digests.flip())).build();
    }

    private static Delta decode(RingDelta wire) {
        int count = wire.getStepsCount();
        atMost(count, Limits.CHANGES_PER_MESSAGE);
        if (wire.getSizesCount() != count || wire.getDigests().size() != (long) count * Digest.SIZE_BYTES) {
            throw invalid("an inventory whose lists differ in length");
        }
        List<Change> changes = new ArrayList<>(count);
        long version = wire.getFrom();
        for (int i = 0; i < count; i++) {
            long step = wire.getSteps(i);
            if (step < 1 || step > Limits.COUNTER || version < 0 || wire.getSizes(i) < 0) {
                throw invalid("an inventory change");
            }
            version += step;
            int at = i * Digest.SIZE_BYTES;
            ByteString digest = wire.getDigests().substring(at, at + Digest.SIZE_BYTES);
            changes.add(new Change(version, Digest.ofBytes(digest.toByteArray()), wire.getSizes(i) - 1));
        }
        return new Delta(
                decode(wire.getMember()),
                wire.getEpoch(),
                wire.getFrom(),
                wire.getTo(),
                wire.getCut(),
                wire.getAsOf(),
                changes);
    }

    private static RingVersion encode(Version version) {
        return RingVersion.newBuilder()
                .setMember(encode(version.member()))
                .setEpoch(version.epoch())
                .setIncarnation(version.incarnation())
                .setStatus(encode(version.status()))
                .setInventory(version.inventory())
                .setBase(version.base())
                .build();
    }

    private static List<Version> versions(List<RingVersion> wire) {
        atMost(wire.size(), Limits.MEMBERS + 1);
        return each(
                wire,
                version -> new Version(
                        decode(version.getMember()),
                        version.getEpoch(),
                        version.getIncarnation(),
                        decode(version.getStatus()),
                        version.getInventory(),
                        version.getBase()));
    }

    private static ByteString encode(MemberId id) {
        return ByteString.copyFrom(HEX.parseHex(id.hex()));
    }

    private static MemberId decode(ByteString id) {
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

    private static <A, B> List<B> each(List<A> list, Function<A, B> convert) {
        return list.stream().map(convert).toList();
    }

    private static void atMost(int count, int most) {
        if (count > most) {
            throw invalid("more than " + most + " entries");
        }
    }

    private static IllegalArgumentException invalid(String what) {
        return new IllegalArgumentException("invalid ring message: " + what);
    }
}
