package ringpull.fetch;

import ringpull.blob.BlobFile;
import ringpull.origin.OriginStream;

/** What the fetcher has for a request; an exhaustive switch in the mirror turns it into an answer. */
public sealed interface Delivery {
    /** The blob is complete and proven on this node. The receiver closes the file. */
    record Complete(BlobFile file, String mediaType) implements Delivery {}

    /** The blob is on its way; one fetch for any number of waiting clients. */
    record Arriving(Fetch fetch) implements Delivery {}

    /**
     * The disk has no room, so the origin's bytes go past it: an authentic stream from offset 0 for this client alone.
     * The receiver proves it on the way, withholds the last chunk until then, and closes it.
     */
    record PassThrough(OriginStream stream) implements Delivery {}

    /** Nobody has it, or nobody can be reached: 404, so that the client goes upstream. */
    record Nowhere(String reason, String detail) implements Delivery {}
}
