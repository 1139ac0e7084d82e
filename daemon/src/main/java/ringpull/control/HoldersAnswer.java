package ringpull.control;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import ringpull.blob.Digest;
import ringpull.fetch.Image;
import ringpull.fetch.ImagePart;
import ringpull.ring.Holders;
import ringpull.ring.Member;
import ringpull.ring.Membership;
import ringpull.store.BlobStore;
import ringpull.store.BlobStore.PartialInfo;
import ringpull.store.StoredBlob;
import ringpull.v1.HoldersReply;

/** Says who holds what: this node from its store, the others from the ring's local memory. */
final class HoldersAnswer {
    /** Rows of an answer, over all blobs; each blob gets an equal share of them, and its exact count besides. */
    static final int ROWS_MAX = 50_000;

    private final Member self;
    private final Holders ring;
    private final BlobStore store;
    private final Map<Digest, PartialInfo> partials;

    HoldersAnswer(Membership membership, Holders ring, BlobStore store) {
        this.self = membership.self();
        this.ring = ring;
        this.store = store;
        this.partials = store.partials().stream()
                .collect(Collectors.toMap(PartialInfo::digest, Function.identity(), (one, other) -> one));
    }

    HoldersReply of(Digest digest) {
        return HoldersReply.newBuilder()
                .setRoot(digest.toString())
                .addBlobs(blob(digest, ROWS_MAX).setRole("blob"))
                .build();
    }

    HoldersReply of(Image image) {
        HoldersReply.Builder reply = HoldersReply.newBuilder()
                .setImage(image.name().toString())
                .setRoot(image.root().toString());
        int rows = Math.max(1, ROWS_MAX / Math.max(1, image.parts().size()));
        for (ImagePart part : image.parts()) {
            reply.addBlobs(blob(part.digest(), rows)
                    .setSizeBytes(part.sizeBytes())
                    .setRole(part.role().toString())
                    .setPlatform(part.platform())
                    .setNote(part.foreign() ? "foreign: it is to be had under URLs of its own only" : ""));
        }
        return reply.build();
    }

    private HoldersReply.Blob.Builder blob(Digest digest, int rowsMax) {
        List<HoldersReply.Holder> holders = new ArrayList<>();
        own(digest).ifPresent(holders::add);
        ring.holders(digest).stream()
                .filter(holder -> !holder.member().id().equals(self.id()))
                .sorted(Comparator.comparing(
                                (Holders.Holder holder) -> holder.member().name())
                        .thenComparing(holder -> holder.member().id()))
                .map(holder -> holder(holder.member(), holder.sizeBytes(), holder.sizeBytes(), true))
                .forEach(holders::add);
        long sizeBytes = holders.isEmpty() ? 0 : holders.getFirst().getSizeBytes();
        return HoldersReply.Blob.newBuilder()
                .setDigest(digest.toString())
                .setSizeBytes(sizeBytes)
                .addAllHolders(holders.subList(0, Math.min(holders.size(), rowsMax)))
                .setHoldersTotal(holders.size());
    }

    private Optional<HoldersReply.Holder> own(Digest digest) {
        Optional<StoredBlob> stored = store.find(digest);
        if (stored.isPresent()) {
            long sizeBytes = stored.get().sizeBytes();
            return Optional.of(holder(self, sizeBytes, sizeBytes, true));
        }
        return Optional.ofNullable(partials.get(digest))
                .map(partial -> holder(self, partial.sizeBytes(), partial.presentBytes(), false));
    }

    private HoldersReply.Holder holder(Member member, long sizeBytes, long presentBytes, boolean complete) {
        return HoldersReply.Holder.newBuilder()
                .setMember(member.name())
                .setId(member.id().hex())
                .setRack(member.rack())
                .setZone(member.zone())
                .setSizeBytes(sizeBytes)
                .setPresentBytes(presentBytes)
                .setComplete(complete)
                .setSelf(member.id().equals(self.id()))
                .build();
    }
}
