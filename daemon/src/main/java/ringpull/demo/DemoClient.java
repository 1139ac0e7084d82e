package ringpull.demo;

import java.io.IOException;
import java.util.Map;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;

/** What pulls on a node. */
sealed interface DemoClient {
    /** @throws IOException with the reason, if the pull fails */
    void pull(ImageName image) throws IOException, InterruptedException;

    /**
     * What the client has, every digest proven again here.
     *
     * @throws IOException if anything is not what its digest says
     */
    Map<Digest, Long> verified() throws IOException;

    /** A containerd of the demonstration's own. */
    record Own(Containerd containerd) implements DemoClient {
        @Override
        public void pull(ImageName image) throws IOException, InterruptedException {
            containerd.pull(image);
        }

        @Override
        public Map<Digest, Long> verified() throws IOException {
            return containerd.verifiedContent();
        }
    }

    /** Asks what containerd asks; hashes while it reads. */
    final class Builtin implements DemoClient {
        private final BuiltinClient client;
        private volatile Map<Digest, Long> pulled = Map.of();

        Builtin(BuiltinClient client) {
            this.client = client;
        }

        @Override
        public void pull(ImageName image) throws IOException, InterruptedException {
            pulled = client.pull(image);
        }

        @Override
        public Map<Digest, Long> verified() {
            return pulled;
        }
    }
}
