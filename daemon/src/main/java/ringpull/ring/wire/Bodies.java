package ringpull.ring.wire;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import ringpull.ring.Body;
import ringpull.ring.Bucket;
import ringpull.ring.Hashes;
import ringpull.ring.Limits;
import ringpull.ring.Listing;
import ringpull.ring.MemberId;
import ringpull.ring.Version;
import ringpull.v1.RingAck;
import ringpull.v1.RingBusy;
import ringpull.v1.RingCheck;
import ringpull.v1.RingChecked;
import ringpull.v1.RingCompare;
import ringpull.v1.RingCompared;
import ringpull.v1.RingCompares;
import ringpull.v1.RingListed;
import ringpull.v1.RingListing;
import ringpull.v1.RingMessage;
import ringpull.v1.RingPart;
import ringpull.v1.RingPing;
import ringpull.v1.RingProbe;
import ringpull.v1.RingProbed;
import ringpull.v1.RingRepair;
import ringpull.v1.RingRepaired;
import ringpull.v1.RingVersion;

/** Between the bodies of ring messages and their wire form; a part of the {@link Codec}. */
final class Bodies {
    /** Buckets in one question, and listings in one answer: all that a tree has. */
    private static final int BUCKETS = 1_024;

    private Bodies() {}

    static void encode(Body body, RingMessage.Builder wire) {
        switch (body) {
            case Body.Ping() -> wire.setPing(RingPing.getDefaultInstance());
            case Body.Ack() -> wire.setAck(RingAck.getDefaultInstance());
            case Body.Probe(MemberId target) ->
                wire.setProbe(RingProbe.newBuilder().setTarget(Codec.encode(target)));
            case Body.Probed(boolean reached, boolean inVain) ->
                wire.setProbed(RingProbed.newBuilder().setReached(reached).setInVain(inVain));
            case Body.Compare(long members, long inventories, int known, long identities) ->
                wire.setCompare(RingCompare.newBuilder()
                        .setMembers(members)
                        .setInventories(inventories)
                        .setKnown(known)
                        .setIdentities(identities));
            case Body.Compared(Hashes members, Hashes inventories, int known, boolean sameMembers) ->
                wire.setCompared(RingCompared.newBuilder()
                        .addAllMembers(longs(members))
                        .addAllInventories(longs(inventories))
                        .setKnown(known)
                        .setSameMembers(sameMembers));
            case Body.Compares compares -> wire.setCompares(encode(compares));
            case Body.Listed(Body.Part part, List<Listing> listings, int done) ->
                wire.setListed(RingListed.newBuilder()
                        .setPart(encode(part))
                        .addAllListings(Codec.each(listings, Bodies::encode))
                        .setDone(done));
            case Body.Repair(List<Listing> wanted, List<Version> known, long salt) ->
                wire.setRepair(RingRepair.newBuilder()
                        .addAllWanted(Codec.each(wanted, Bodies::encode))
                        .addAllKnown(Codec.each(known, Bodies::encode))
                        .setSalt(salt));
            case Body.Repaired(List<Version> wanted) ->
                wire.setRepaired(RingRepaired.newBuilder().addAllWanted(Codec.each(wanted, Bodies::encode)));
            case Body.Busy() -> wire.setBusy(RingBusy.getDefaultInstance());
            case Body.Check() -> wire.setCheck(RingCheck.getDefaultInstance());
            case Body.Checked(String problem) ->
                wire.setChecked(RingChecked.newBuilder().setProblem(problem));
            case Body.Unknown() -> {}
        }
    }

    static Body decode(RingMessage wire) {
        return switch (wire.getBodyCase()) {
            case PING -> new Body.Ping();
            case ACK -> new Body.Ack();
            case PROBE -> new Body.Probe(Codec.decode(wire.getProbe().getTarget()));
            case PROBED ->
                new Body.Probed(wire.getProbed().getReached(), wire.getProbed().getInVain());
            case COMPARE ->
                new Body.Compare(
                        wire.getCompare().getMembers(),
                        wire.getCompare().getInventories(),
                        wire.getCompare().getKnown(),
                        wire.getCompare().getIdentities());
            case COMPARED ->
                new Body.Compared(
                        hashes(wire.getCompared().getMembersList()),
                        hashes(wire.getCompared().getInventoriesList()),
                        wire.getCompared().getKnown(),
                        wire.getCompared().getSameMembers());
            case COMPARES -> decode(wire.getCompares());
            case LISTED ->
                new Body.Listed(
                        decode(wire.getListed().getPart()),
                        listings(wire.getListed().getListingsList()),
                        wire.getListed().getDone());
            case REPAIR ->
                new Body.Repair(
                        listings(wire.getRepair().getWantedList()),
                        versions(wire.getRepair().getKnownList()),
                        wire.getRepair().getSalt());
            case REPAIRED -> new Body.Repaired(versions(wire.getRepaired().getWantedList()));
            case BUSY -> new Body.Busy();
            case CHECK -> new Body.Check();
            case CHECKED -> new Body.Checked(wire.getChecked().getProblem());
            case BODY_NOT_SET -> new Body.Unknown();
        };
    }

    private static RingCompares encode(Body.Compares compares) {
        RingCompares.Builder wire =
                RingCompares.newBuilder().setPart(encode(compares.part())).setSalt(compares.salt());
        for (Bucket bucket : compares.buckets()) {
            if (!bucket.wide()) {
                wire.addBuckets(bucket.number()).addHashes(bucket.hash());
            }
        }
        for (Bucket bucket : compares.buckets()) {
            if (bucket.wide()) {
                wire.addGroups(bucket.number()).addHashes(bucket.hash());
            }
        }
        return wire.build();
    }

    private static Body.Compares decode(RingCompares wire) {
        int narrow = wire.getBucketsCount();
        int count = narrow + wire.getGroupsCount();
        Codec.atMost(narrow, BUCKETS);
        Codec.atMost(count, BUCKETS);
        if (wire.getHashesCount() != count) {
            throw Codec.invalid("buckets whose lists differ in length");
        }
        List<Bucket> buckets = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            boolean wide = i >= narrow;
            int number = wide ? wire.getGroups(i - narrow) : wire.getBuckets(i);
            buckets.add(new Bucket(number, wide, wire.getHashes(i)));
        }
        return new Body.Compares(decode(wire.getPart()), buckets, wire.getSalt());
    }

    private static RingListing encode(Listing listing) {
        RingListing.Builder wire = RingListing.newBuilder()
                .setBucket(listing.number())
                .setWide(listing.wide())
                .addAllDead(longs(listing.dead()));
        return switch (listing.form()) {
            case HASHES -> wire.addAllCounted(longs(listing.counted())).build();
            case BRIEF -> wire.setBrief(shorts(listing.counted())).build();
            case STATES -> wire.addAllStates(longs(listing.counted())).build();
        };
    }

    private static List<Listing> listings(List<RingListing> wire) {
        Codec.atMost(wire.size(), BUCKETS);
        return Codec.each(wire, Bodies::decode);
    }

    private static Listing decode(RingListing wire) {
        boolean brief = !wire.getBrief().isEmpty();
        boolean states = wire.getStatesCount() > 0;
        return new Listing(
                wire.getBucket(),
                wire.getWide(),
                brief ? Listing.Form.BRIEF : states ? Listing.Form.STATES : Listing.Form.HASHES,
                brief ? hashes(wire.getBrief()) : hashes(states ? wire.getStatesList() : wire.getCountedList()),
                hashes(wire.getDeadList()));
    }

    private static RingVersion encode(Version version) {
        return RingVersion.newBuilder()
                .setMember(Codec.encode(version.member()))
                .setEpoch(version.epoch())
                .setInventory(version.inventory())
                .setSegment(version.segment())
                .build();
    }

    private static List<Version> versions(List<RingVersion> wire) {
        Codec.atMost(wire.size(), Limits.VERSIONS_PER_MESSAGE);
        return Codec.each(
                wire,
                version -> new Version(
                        Codec.decode(version.getMember()),
                        version.getEpoch(),
                        version.getInventory(),
                        version.getSegment()));
    }

    private static RingPart encode(Body.Part part) {
        return switch (part) {
            case MEMBERS -> RingPart.RING_PART_MEMBERS;
            case INVENTORIES -> RingPart.RING_PART_INVENTORIES;
            case STATES -> RingPart.RING_PART_STATES;
        };
    }

    private static Body.Part decode(RingPart part) {
        return switch (part) {
            case RING_PART_MEMBERS -> Body.Part.MEMBERS;
            case RING_PART_INVENTORIES -> Body.Part.INVENTORIES;
            case RING_PART_STATES -> Body.Part.STATES;
            case RING_PART_UNSPECIFIED, UNRECOGNIZED -> throw Codec.invalid("a part that is none");
        };
    }

    private static List<Long> longs(Hashes hashes) {
        List<Long> longs = new ArrayList<>(hashes.size());
        for (int i = 0; i < hashes.size(); i++) {
            longs.add(hashes.at(i));
        }
        return longs;
    }

    private static ByteString shorts(Hashes hashes) {
        ByteBuffer bytes = ByteBuffer.allocate(Short.BYTES * hashes.size());
        for (int i = 0; i < hashes.size(); i++) {
            bytes.putShort((short) hashes.at(i));
        }
        return ByteString.copyFrom(bytes.flip());
    }

    private static Hashes hashes(ByteString shorts) {
        if (shorts.size() % Short.BYTES != 0) {
            throw Codec.invalid("brief hashes that have not two bytes");
        }
        Codec.atMost(shorts.size() / Short.BYTES, Limits.ENTRIES_PER_BUCKET);
        ByteBuffer bytes = shorts.asReadOnlyByteBuffer();
        long[] hashes = new long[shorts.size() / Short.BYTES];
        Arrays.setAll(hashes, i -> Short.toUnsignedLong(bytes.getShort()));
        return Hashes.of(hashes);
    }

    private static Hashes hashes(List<Long> wire) {
        Codec.atMost(wire.size(), Limits.HASHES_PER_MESSAGE);
        return Hashes.of(wire.stream().mapToLong(Long::longValue).toArray());
    }
}
