package ringpull.ring;

import java.util.List;
import ringpull.blob.Digest;

/** Who holds what, answered from local memory; never blocks. */
public interface Holders {
    /** Live members other than this one that say they hold the blob, in no order. */
    List<Holder> holders(Digest digest);

    /** A member that was asked does not have the blob: forget that hint at once. */
    void disown(MemberId member, Digest digest);

    /** @param sizeBytes as the holder announced it; a hint until the blob is proven */
    record Holder(Member member, long sizeBytes) {}
}
