package ringpull.blob;

/** Which of a registry's two endpoints serves a blob. */
public enum ContentKind {
    /** An image manifest or index: JSON of at most 4 MiB, under {@code /manifests/}. */
    MANIFEST,
    /** A config, layer or shard, under {@code /blobs/}. */
    BLOB
}
