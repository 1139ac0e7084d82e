package ringpull;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import ringpull.blame.wire.ChunkCaller;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.fetch.SecondReading;
import ringpull.ring.Member;
import ringpull.transport.ChunkSource;

/** Chunks over the control port, both ways, for when the data port is not TLS. */
record SecondReadings(ChunkCaller caller, boolean tls) implements SecondReading {
    /** Where the data port is plain text and the control port is not, a chunk can be read on a better way. */
    @Override
    public boolean isPlain(Member member) {
        return tls && Admissions.isPlain(member);
    }

    @Override
    public Optional<byte[]> read(Member member, Digest digest, int chunk) throws InterruptedException {
        return caller.read(member, digest, chunk);
    }

    /** A chunk of a blob that is here, or of one that arrives and is vouched for. */
    static Optional<byte[]> chunk(ChunkSource source, Digest digest, int chunk) throws IOException {
        Optional<BlobFile> whole = source.open(digest);
        if (whole.isPresent()) {
            try (BlobFile file = whole.get()) {
                return read(file, chunk);
            }
        }
        ByteRange first = new ByteRange((long) chunk * Chunk.SIZE_BYTES, 1);
        Optional<ChunkSource.Serving> serving = source.serve(digest, first, NOBODY);
        if (serving.isEmpty()) {
            return Optional.empty();
        }
        try (BlobFile file = serving.get().file()) {
            return read(file, chunk);
        } finally {
            serving.get().over().run();
        }
    }

    /** All second readings count as of one reader. */
    private static final SocketAddress NOBODY = new SocketAddress() {
        private static final long serialVersionUID = 1;
    };

    private static Optional<byte[]> read(BlobFile file, int chunk) throws IOException {
        if (chunk >= Chunk.count(file.sizeBytes())) {
            return Optional.empty();
        }
        ByteRange range = Chunk.range(chunk, file.sizeBytes());
        ByteBuffer bytes = ByteBuffer.allocate((int) range.length());
        while (bytes.hasRemaining()) {
            if (file.channel().read(bytes, range.offset() + bytes.position()) < 0) {
                throw new IOException(file.digest() + " ends at " + (range.offset() + bytes.position()));
            }
        }
        return Optional.of(bytes.array());
    }
}
