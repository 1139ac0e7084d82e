package ringpull.ring.wire;

import com.google.protobuf.ByteString;
import java.util.Base64;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.ring.LadderWord;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.tls.MemberKeys;
import ringpull.v1.LadderPart;

/** Signs parts of ladders, and checks who signed those of others; in a ring without certificates nobody does. For any thread. */
public final class LadderWords {
    private static final Logger log = LoggerFactory.getLogger(LadderWords.class);

    private final String cluster;
    private final MemberId self;
    private final long epoch;
    private final Optional<MemberKeys> keys;

    /**
     * @param cluster the name of the ring
     * @param epoch of this boot
     * @param keys empty: this ring has no certificates
     */
    public LadderWords(String cluster, MemberId self, long epoch, Optional<MemberKeys> keys) {
        this.cluster = cluster;
        this.self = self;
        this.epoch = epoch;
        this.keys = keys;
    }

    /** A part of a ladder, with this member's word for it. */
    LadderPart sign(Digest digest, int firstPage, ByteString rungs) {
        LadderPart.Builder part = LadderPart.newBuilder().setRungs(rungs);
        keys.ifPresent(own -> {
            MemberKeys.Signed signed = own.sign(content(digest, self, epoch, firstPage, rungs));
            part.setEpoch(epoch)
                    .setCertificates(ByteString.copyFrom(signed.certificates()))
                    .setSignature(ByteString.copyFrom(signed.signature()));
        });
        return part.build();
    }

    /** The word of this very member, in its present boot, for a part that it sent; empty if it does not bind it. */
    Optional<LadderWord> check(Member by, Digest digest, int firstPage, LadderPart part) {
        if (keys.isEmpty() || part.getSignature().isEmpty() || part.getEpoch() != by.epoch()) {
            return Optional.empty();
        }
        byte[] certificates = part.getCertificates().toByteArray();
        byte[] signature = part.getSignature().toByteArray();
        MemberKeys.Signer signer = keys.get()
                .signer(
                        content(digest, by.id(), by.epoch(), firstPage, part.getRungs()),
                        new MemberKeys.Signed(certificates, signature));
        if (!(signer instanceof MemberKeys.Signer.Is(var member)
                && member.memberId().equals(by.id().hex()))) {
            log.info("{} did not sign its ladder of {} as it should: {}", by.name(), digest, signer);
            return Optional.empty();
        }
        Base64.Encoder text = Base64.getEncoder();
        return Optional.of(new LadderWord(
                by.id(),
                by.epoch(),
                firstPage,
                part.getRungs().size() / Ladder.RUNG_BYTES,
                hash(part.getRungs()),
                text.encodeToString(certificates),
                text.encodeToString(signature)));
    }

    private byte[] content(Digest digest, MemberId signer, long signersEpoch, int firstPage, ByteString rungs) {
        return LadderWord.content(
                cluster, digest, signer, signersEpoch, firstPage, rungs.size() / Ladder.RUNG_BYTES, hash(rungs));
    }

    private static Digest hash(ByteString rungs) {
        return Digest.ofBytes(Digest.hasher().digest(rungs.toByteArray()));
    }
}
