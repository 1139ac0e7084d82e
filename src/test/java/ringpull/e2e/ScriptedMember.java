package ringpull.e2e;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import ringpull.blame.wire.ChunkService;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.blob.Proof;
import ringpull.blob.ProofFailed;
import ringpull.config.Config;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.ring.wire.ControlPort;
import ringpull.ring.wire.LadderService;
import ringpull.ring.wire.LadderWords;
import ringpull.ring.wire.RingNode;
import ringpull.tls.PeerTls;
import ringpull.transport.ChunkSource;
import ringpull.transport.Pace;
import ringpull.transport.Relay;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;
import ringpull.transport.tcp.ChunkServer;
import ringpull.v1.AdmitReply;

/**
 * A member of the ring in this process, with a certificate and the ports that ship, which holds one blob and says of it what
 * the test wants: so a liar is played without a daemon that can lie.
 */
final class ScriptedMember implements AutoCloseable {
    private final ChunkServer data;
    private final ControlPort control;
    private final RingNode ring;
    private final Optional<Relay> path;
    private final Said script;

    /**
     * What it serves.
     *
     * @param file whose bytes it sends
     * @param ladder what it says about them
     * @param gate asked before each range is sent; may wait
     * @param alias in whose name it signs the ladder, with its own key; empty: in its own
     * @param badPath whether its bytes go in plain text, over a path that flips bits
     */
    record Script(
            Digest digest,
            long sizeBytes,
            Path file,
            Ladder ladder,
            Gate gate,
            Optional<MemberId> alias,
            boolean badPath) {
        /** Of the blob itself. */
        static Script honest(Digest digest, Path file) throws IOException {
            return of(digest, file, file);
        }

        /** Of another file that it passes for the blob, with the ladder of a third. */
        static Script of(Digest digest, Path served, Path described) throws IOException {
            return new Script(
                    digest, Files.size(described), served, ladderOf(described), range -> {}, Optional.empty(), false);
        }

        Script gated(Gate by) {
            return new Script(digest, sizeBytes, file, ladder, by, alias, badPath);
        }

        Script signedAs(MemberId other) {
            return new Script(digest, sizeBytes, file, ladder, gate, Optional.of(other), badPath);
        }

        Script overABadPath() {
            return new Script(digest, sizeBytes, file, ladder, gate, alias, true);
        }
    }

    /** What it serves now. */
    private static final class Said {
        private volatile Script now;

        Said(Script now) {
            this.now = now;
        }
    }

    interface Gate {
        void pass(ByteRange range) throws InterruptedException;
    }

    private ScriptedMember(ChunkServer data, ControlPort control, RingNode ring, Optional<Relay> path, Said script) {
        this.data = data;
        this.control = control;
        this.ring = ring;
        this.path = path;
        this.script = script;
    }

    /**
     * Joins a ring.
     *
     * @param host the address of loopback that it is at
     * @param seed the control port of a member
     */
    static ScriptedMember join(
            String name, String host, Config.Tls certificate, String cluster, String seed, Script first)
            throws IOException {
        PeerTls tls = PeerTls.of(certificate);
        InetSocketAddress any = new InetSocketAddress(host, 0);
        Said script = new Said(first);
        Source source = new Source(script);
        Sessions sessions = new Sessions(System::nanoTime);
        ChunkServer data = first.badPath
                ? ChunkServer.bindPlain(any, source, sessions, Config.Io.AUTO, Pace.NONE, bytes -> {})
                : ChunkServer.bind(any, source, Optional.of(tls), Config.Io.AUTO, Pace.NONE, bytes -> {});
        Optional<Relay> path = first.badPath ? Optional.of(Relay.flipping(data.address())) : Optional.empty();
        MemberId id = new MemberId(tls.identity().memberId());
        long epoch = System.currentTimeMillis();
        ControlPort control = ControlPort.bind(
                any,
                Optional.of(tls),
                new LadderService(
                        (digest, page) -> source.of(digest).map(now -> now.ladder.page(page)),
                        new LadderWords(cluster, first.alias.orElse(id), epoch, Optional.of(tls.keys()))),
                new ChunkService(source));
        if (first.badPath) {
            control.admit(member -> admission(sessions.make(member)));
        }
        Member self = new Member(
                id,
                epoch,
                name,
                List.of(host),
                control.address().getPort(),
                path.map(Relay::port).orElse(data.address().getPort()),
                "",
                "",
                List.of(first.badPath ? "tcp-plain" : "tcp"));
        RingNode ring = RingNode.start(
                control, self, new Config.Ring(cluster, List.of(seed)), Map.of(first.digest, first.sizeBytes));
        return new ScriptedMember(data, control, ring, path, script);
    }

    private static AdmitReply admission(Session session) {
        return AdmitReply.newBuilder()
                .setSession(ByteString.copyFrom(HexFormat.of().parseHex(session.id())))
                .setSecret(ByteString.copyFrom(session.secret().getEncoded()))
                .setLifetimeMillis(session.lifetime().toMillis())
                .build();
    }

    /** From now on it says and sends this of the same blob. */
    void changesTo(Script other) {
        script.now = other;
    }

    MemberId id() {
        return ring.self().id();
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

    private record Source(Said script) implements ChunkSource, ChunkService.Source {
        Optional<Script> of(Digest digest) {
            return Optional.of(script.now).filter(now -> digest.equals(now.digest));
        }

        @Override
        public Optional<BlobFile> open(Digest digest) throws IOException {
            Optional<Script> now = of(digest);
            return now.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new BlobFile(digest, now.get().sizeBytes, FileChannel.open(now.get().file)));
        }

        /** Over TLS, whatever the path of the others is. */
        @Override
        public Optional<byte[]> read(Digest digest, int chunk) throws IOException {
            try (BlobFile blob = open(digest).orElse(null)) {
                if (blob == null) {
                    return Optional.empty();
                }
                ByteRange range = Chunk.range(chunk, blob.sizeBytes());
                ByteBuffer bytes = ByteBuffer.allocate((int) range.length());
                while (bytes.hasRemaining() && blob.channel().read(bytes, range.offset() + bytes.position()) >= 0) {}
                return Optional.of(bytes.array());
            }
        }

        @Override
        public CompletableFuture<Optional<Serving>> serve(Digest digest, ByteRange range, SocketAddress reader) {
            try {
                script.now.gate.pass(range);
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
        path.ifPresent(Relay::close);
    }
}
