package ringpull.fetch;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import ringpull.blob.ByteRange;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;
import ringpull.transport.Pace;

/** An origin whose streams together bring no more bytes a second than a limit allows. */
public final class PacedOrigin implements Origin {
    private final Origin origin;
    private final Pace pace;

    public PacedOrigin(Origin origin, Pace pace) {
        this.origin = origin;
        this.pace = pace;
    }

    @Override
    public TagAnswer resolve(Repository repository, String tag) throws OriginException, InterruptedException {
        return origin.resolve(repository, tag);
    }

    @Override
    public OriginStream open(Repository repository, ContentKind kind, Digest digest, long offsetBytes)
            throws OriginException, InterruptedException {
        return new Paced(origin.open(repository, kind, digest, offsetBytes));
    }

    @Override
    public OriginStream openRun(Repository repository, Digest digest, ByteRange run)
            throws OriginException, InterruptedException {
        return new Paced(origin.openRun(repository, digest, run));
    }

    @Override
    public void close() {
        origin.close();
    }

    private final class Paced implements OriginStream {
        private final OriginStream stream;

        Paced(OriginStream stream) {
            this.stream = stream;
        }

        @Override
        public long sizeBytes() {
            return stream.sizeBytes();
        }

        @Override
        public String mediaType() {
            return stream.mediaType();
        }

        @Override
        public boolean authentic() {
            return stream.authentic();
        }

        @Override
        public String endpoint() {
            return stream.endpoint();
        }

        /** The origin sends what is read, and a little ahead of it: what the kernel keeps for one connection. */
        @Override
        public int read(ByteBuffer into) throws IOException {
            int limit = into.limit();
            into.limit(into.position() + pace.piece(into.remaining()));
            try {
                int length = stream.read(into);
                pace.take(Math.max(0, length), () -> {});
                return length;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("while the limit on bytes from origins was waited for");
            } finally {
                into.limit(limit);
            }
        }

        @Override
        public void close() {
            stream.close();
        }
    }
}
