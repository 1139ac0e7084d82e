package ringpull.fetch;

import java.util.List;
import ringpull.blob.Digest;
import ringpull.swarm.Run;
import ringpull.swarm.Statement;

/** Makes and checks statements about chunks that came from an origin. For any thread. */
public interface Attestor {
    /** @param hashes the SHA-256 of each chunk of the run */
    Statement attest(Digest digest, long sizeBytes, Run run, List<Digest> hashes);

    /** Whether the member that a statement names has made it. */
    boolean isTrue(Digest digest, long sizeBytes, Statement statement);
}
