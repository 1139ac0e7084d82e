package ringpull.fetch;

import java.io.IOException;
import ringpull.blob.ProofFailed;
import ringpull.blob.ProvenBlob;

/** How the proof of one attempt ended. */
sealed interface Verdict {
    record Proven(ProvenBlob proof) implements Verdict {}

    record Refuted(ProofFailed failure) implements Verdict {}

    record Unreadable(IOException failure) implements Verdict {}
}
