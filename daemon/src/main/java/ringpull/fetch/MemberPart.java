package ringpull.fetch;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.metrics.Meters;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.store.PartialBlob;
import ringpull.swarm.Event;
import ringpull.swarm.Event.Outcome;
import ringpull.transport.TransferException;

/** A run that is read from a member which brings the same blob. */
final class MemberPart {
    private static final long BUSY_NANOS = TimeUnit.MILLISECONDS.toNanos(30);

    private final SwarmPull pull;
    private final Fetcher.Parts parts;
    private final SwarmPulls.Swarms swarms;
    private final MemberId from;

    MemberPart(SwarmPull pull, Fetcher.Parts parts, SwarmPulls.Swarms swarms, MemberId from) {
        this.pull = pull;
        this.parts = parts;
        this.swarms = swarms;
        this.from = from;
    }

    SwarmRead.Ended read(SwarmRead read) throws IOException, InterruptedException {
        Optional<Member> member = swarms.member(from);
        if (member.isEmpty()) {
            return SwarmRead.Ended.of(Outcome.CUT);
        }
        PartialBlob partial = pull.partial();
        long offset = (long) read.run().first() * Chunk.SIZE_BYTES;
        long end = Math.min((long) read.run().end() * Chunk.SIZE_BYTES, partial.sizeBytes());
        InetSocketAddress address = new InetSocketAddress(
                member.get().addresses().getFirst(), member.get().dataPort());
        ChunkWriter writer = new ChunkWriter(
                partial, read.run().first(), (chunk, hash) -> pull.written(read, chunk, hash, member.get()));
        parts.sources()
                .download()
                .take(end - offset, () -> pull.happened(new Event.Moved(partial.digest(), read.id())));
        try {
            parts.sources()
                    .transport()
                    .read(address, partial.digest(), new ByteRange(offset, end - offset), (at, bytes) -> {
                        writer.write(at, bytes);
                        read.moved();
                    });
            return SwarmRead.Ended.of(Outcome.DONE);
        } catch (TransferException e) {
            return ended(e);
        } finally {
            long bytes = writer.offset() - offset;
            if (bytes > 0) {
                pull.usedMember(from);
                parts.meters().received(Meters.Source.PEER, bytes);
            }
        }
    }

    private static SwarmRead.Ended ended(TransferException failure) throws IOException {
        return switch (failure) {
            case TransferException.Busy _ -> new SwarmRead.Ended(Outcome.BUSY, BUSY_NANOS);
            case TransferException.NotHeld _ -> SwarmRead.Ended.of(Outcome.NOT_HELD);
            case TransferException.Unreachable _ -> SwarmRead.Ended.of(Outcome.CUT);
            case TransferException.LandingFailed e ->
                throw e.getCause() instanceof IOException io ? io : new IOException(e);
        };
    }
}
