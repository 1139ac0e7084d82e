package ringpull.e2e;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.config.Config;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.wire.ControlPort;
import ringpull.ring.wire.LadderService;
import ringpull.ring.wire.RingNode;
import ringpull.tls.PeerTls;
import ringpull.transport.ChunkSource;
import ringpull.transport.Pace;
import ringpull.transport.tcp.ChunkServer;

/**
 * A member of the ring in this process, with a certificate and the ports that ship, which holds one blob and says of it what
 * the test wants: so a liar is played without a daemon that can lie.
 */
final class ScriptedMember implements AutoCloseable {
    private final ChunkServer data;
    private final ControlPort control;
    private final RingNode ring;

    /**
     * What it serves.
     *
     * @param file whose bytes it sends
     * @param ladder what it says about them
     * @param gate asked before each range is sent; may wait
     */
    record Script(Digest digest, long sizeBytes, Path file, Ladder ladder, Gate gate) {
        /** Of the blob itself. */
        static Script honest(Digest digest, Path file) throws IOException {
            return of(digest, file, file);
        }

        /** Of another file that it passes for the blob, with the ladder of a third. */
        static Script of(Digest digest, Path served, Path described) throws IOException {
            return new Script(digest, Files.size(described), served, ladderOf(described), range -> {});
        }

        Script gated(Gate by) {
            return new Script(digest, sizeBytes, file, ladder, by);
        }
    }

    interface Gate {
        void pass(ByteRange range) throws InterruptedException;
    }

    private ScriptedMember(ChunkServer data, ControlPort control, RingNode ring) {
        this.data = data;
        this.control = control;
        this.ring = ring;
    }

    /**
     * Joins a ring.
     *
     * @param host the address of loopback that it is at
     * @param seed the control port of a member
     */
    static ScriptedMember join(
            String name, String host, Config.Tls certificate, String cluster, String seed, Script script)
            throws IOException {
        PeerTls tls = PeerTls.of(certificate);
        InetSocketAddress any = new InetSocketAddress(host, 0);
        ChunkServer data =
                ChunkServer.bind(any, new Source(script), Optional.of(tls), Config.Io.AUTO, Pace.NONE, bytes -> {});
        ControlPort control = ControlPort.bind(
                any,
                Optional.of(tls),
                new LadderService((digest, page) ->
                        digest.equals(script.digest) ? Optional.of(script.ladder.page(page)) : Optional.empty()));
        Member self = new Member(
                new MemberId(tls.identity().memberId()),
                System.currentTimeMillis(),
                name,
                List.of(host),
                control.address().getPort(),
                data.address().getPort(),
                "",
                "",
                List.of("tcp"));
        RingNode ring = RingNode.start(
                control, self, new Config.Ring(cluster, List.of(seed)), Map.of(script.digest, script.sizeBytes));
        return new ScriptedMember(data, control, ring);
    }

    static Ladder ladderOf(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            Digest digest = sha256(file);
            Proof proof = new Proof(digest);
            ByteBuffer step = ByteBuffer.allocateDirect(1 << 20);
            while (channel.read(step.clear()) > 0) {
                proof.update(step.flip());
            }
            return proof.finish().ladder();
        } catch (ProofFailed e) {
            throw new AssertionError(e);
        }
    }

    private static Digest sha256(Path file) throws IOException {
        try {
            return Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private record Source(Script script) implements ChunkSource {
        @Override
        public Optional<BlobFile> open(Digest digest) throws IOException {
            return digest.equals(script.digest)
                    ? Optional.of(new BlobFile(digest, script.sizeBytes, FileChannel.open(script.file)))
                    : Optional.empty();
        }

        @Override
        public CompletableFuture<Optional<Serving>> serve(Digest digest, ByteRange range, SocketAddress reader) {
            try {
                script.gate.pass(range);
                return ChunkSource.super.serve(digest, range, reader);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return CompletableFuture.failedFuture(new IOException(e));
            }
        }
    }

    @Override
    public void close() {
        ring.close();
        control.close();
        data.close();
    }
}
