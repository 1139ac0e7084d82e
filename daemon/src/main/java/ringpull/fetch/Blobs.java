package ringpull.fetch;

/** What the mirror and the control service ask of the fetcher. */
public interface Blobs {
    /**
     * The blob from this node, or the one fetch of it, which this call starts if none runs. Blocks only on local
     * disk, never on the network, save for {@link Delivery.PassThrough}: call it on a virtual thread.
     */
    Delivery deliver(BlobRequest request) throws InterruptedException;
}
