package ringpull.fetch;

import java.util.Optional;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;

/**
 * A client's wish for a blob.
 *
 * @param repository where an origin would have it; empty if the client did not say: then only the ring can help
 */
public record BlobRequest(Digest digest, ContentKind kind, Optional<Repository> repository) {}
