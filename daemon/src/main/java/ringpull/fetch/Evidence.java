package ringpull.fetch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import ringpull.blame.Fault;
import ringpull.blame.Reputation;
import ringpull.blame.Ruling;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.blob.Ladder;
import ringpull.ring.LadderWord;
import ringpull.ring.Ladders;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.swarm.Statement;

/**
 * Who delivered which chunk of a blob, and what was said of it. Nobody is blamed before the blob is proven: then what was
 * refuted or contradicted on the way is compared with it. Safe for many threads.
 */
final class Evidence {
    /** Chunks that anything is kept of; faults in later ones are not found out. */
    static final int CHUNKS_MAX = 1 << 15;

    private static final int CONTRADICTIONS_MAX = 256;
    private static final int WORDS_MAX = 1 << 13;

    private final Digest digest;
    private final Reputation reputation;
    private final SecondReading secondReading;
    private final Journal journal;
    private final Map<Integer, Delivery> deliveries = new HashMap<>();
    private final BitSet own = new BitSet();
    private final Set<Statement> statements = Collections.newSetFromMap(new IdentityHashMap<>());
    private final List<Contradiction> contradictions = new ArrayList<>();
    private final Map<Integer, Refuted> refuted = new HashMap<>();
    private final List<LadderWord> words = new ArrayList<>();

    /** Members that were blamed already. */
    private final Set<MemberId> named = new HashSet<>();

    private record Delivery(Member from, Fault.Channel channel) {}

    /** A chunk that was not taken, because it was not what its statement says. */
    private record Contradiction(int chunk, Delivery delivery, Digest hash) {}

    /** A chunk of bytes that did not prove; from nobody: this node read it from the origin, or in an earlier life. */
    private record Refuted(@Nullable Delivery delivery, boolean own, Digest hash) {}

    Evidence(Digest digest, Reputation reputation, SecondReading secondReading, Journal journal) {
        this.digest = digest;
        this.reputation = reputation;
        this.secondReading = secondReading;
        this.journal = journal;
    }

    private Fault.Channel channel(Member member) {
        return secondReading.isPlain(member) ? Fault.Channel.PLAIN : Fault.Channel.TLS;
    }

    /** These chunks came from a member, in place of whatever was there before. */
    synchronized void delivered(int first, int end, Member from) {
        Delivery delivery = new Delivery(from, channel(from));
        for (int chunk = first; chunk < Math.min(end, CHUNKS_MAX); chunk++) {
            deliveries.put(chunk, delivery);
            own.clear(chunk);
        }
    }

    /** This node read a chunk from an origin. */
    synchronized void own(int chunk) {
        deliveries.remove(chunk);
        own.set(chunk);
    }

    /** Chunks were taken, or not, by what this says. */
    synchronized void stated(Statement statement) {
        if (statements.size() < CHUNKS_MAX) {
            statements.add(statement);
        }
    }

    /** A chunk was not taken: its hash is not the one that a statement gives. */
    synchronized void contradicted(int chunk, Member from, Digest hash) {
        if (contradictions.size() < CONTRADICTIONS_MAX) {
            contradictions.add(new Contradiction(chunk, new Delivery(from, channel(from)), hash));
        }
    }

    /** A member signed this ladder. */
    synchronized void told(Ladders.Told told) {
        if (words.size() + told.words().size() <= WORDS_MAX) {
            words.addAll(told.words());
        }
    }

    /** Finds out whether bytes are a chunk. */
    interface Check {
        boolean isRight(byte[] bytes) throws IOException, InterruptedException;
    }

    /**
     * A chunk came from a member and is not what was said of it: reads it again where it may have been changed on its way.
     *
     * @return whether that brought the right bytes
     */
    boolean again(int chunk, Member from, Check right) throws IOException, InterruptedException {
        return again(chunk, new Delivery(from, channel(from)), right, false);
    }

    private boolean again(int chunk, Delivery delivery, Check right, boolean proven)
            throws IOException, InterruptedException {
        MemberId member = delivery.from.id();
        Fault wrong = new Fault.WrongChunk(member, digest, chunk, delivery.channel, proven);
        for (Ruling.ReadOverTls _ : reputation.happened(wrong)) {
            Optional<byte[]> bytes = secondReading.read(delivery.from, digest, chunk);
            if (bytes.isPresent()) {
                boolean good = right.isRight(bytes.get());
                reputation.happened(new Fault.ReadAgain(member, digest, chunk, good, proven));
                journal.note(
                        digest,
                        "fallback",
                        delivery.from.name(),
                        0,
                        "chunk " + chunk + " came wrong, and over TLS " + (good ? "right" : "wrong again"));
                return good;
            }
        }
        return false;
    }

    /** Bytes did not prove, and will be forgotten: remembers what they were. */
    void refuted(BlobFile file) throws IOException {
        int end = Math.min(Chunk.count(file.sizeBytes()), CHUNKS_MAX);
        for (int chunk = 0; chunk < end; chunk++) {
            Digest hash = hash(file, chunk);
            synchronized (this) {
                refuted.put(chunk, new Refuted(deliveries.get(chunk), own.get(chunk), hash));
            }
        }
    }

    /** Whether bytes of it did not prove, and nobody was blamed yet. */
    synchronized boolean isRefuted() {
        return !refuted.isEmpty();
    }

    /** Whether anything is to be compared with the proven blob. */
    synchronized boolean isDoubtful() {
        return !refuted.isEmpty() || !contradictions.isEmpty();
    }

    /** The blob is proven, with this ladder: says who signed another one. */
    void judge(Ladder proven) {
        List<LadderWord> said;
        synchronized (this) {
            said = List.copyOf(words);
            words.clear();
        }
        for (LadderWord word : said) {
            if (!word.isOf(proven) && names(word.signer())) {
                reputation.happened(new Fault.FalseWord(digest, word, proven.hash(word.firstPage(), word.rungs())));
            }
        }
    }

    /** Whether a member is blamed for the first time here. */
    private synchronized boolean names(MemberId member) {
        return named.add(member);
    }

    /** The blob is proven: says who was at fault for what was not of it. */
    void judge(BlobFile blob) throws IOException, InterruptedException {
        Map<Integer, Digest> right = new HashMap<>();
        for (int chunk : doubtful(Chunk.count(blob.sizeBytes()))) {
            right.put(chunk, hash(blob, chunk));
        }
        List<Statement> said;
        List<Contradiction> contradicted;
        Map<Integer, Refuted> wrong;
        synchronized (this) {
            said = List.copyOf(statements);
            contradicted = List.copyOf(contradictions);
            wrong = Map.copyOf(refuted);
        }
        for (Statement statement : said) {
            falseChunk(statement, right).ifPresent(fault -> {
                if (names(statement.signer())) {
                    reputation.happened(fault);
                }
            });
        }
        boolean originWrong = false;
        for (Map.Entry<Integer, Refuted> entry : wrong.entrySet()) {
            int chunk = entry.getKey();
            Refuted bytes = entry.getValue();
            Digest proven = right.get(chunk);
            Delivery delivery = bytes.delivery;
            if (proven == null || bytes.hash.equals(proven)) {
                continue;
            }
            if (delivery == null) {
                originWrong |= bytes.own;
            } else if (!inGoodFaith(chunk, bytes.hash, said) && names(delivery.from.id())) {
                again(chunk, delivery, bytesAgain -> hash(bytesAgain).equals(proven), true);
            }
        }
        for (Contradiction c : contradicted) {
            Digest proven = right.get(c.chunk);
            if (proven != null
                    && !c.hash.equals(proven)
                    && !inGoodFaith(c.chunk, c.hash, said)
                    && names(c.delivery.from.id())) {
                again(c.chunk, c.delivery, bytes -> hash(bytes).equals(proven), true);
            }
        }
        if (originWrong) {
            reputation.happened(new Fault.OriginWrong(digest));
        }
    }

    private synchronized Set<Integer> doubtful(int chunks) {
        Set<Integer> doubtful = new TreeSet<>(refuted.keySet());
        contradictions.forEach(contradiction -> doubtful.add(contradiction.chunk));
        doubtful.removeIf(chunk -> chunk >= chunks);
        return doubtful;
    }

    private Optional<Fault> falseChunk(Statement statement, Map<Integer, Digest> right) {
        for (int chunk = statement.run().first(); chunk < statement.run().end(); chunk++) {
            Digest proven = right.get(chunk);
            if (proven != null && !statement.reading().hash(chunk).equals(proven)) {
                return Optional.of(new Fault.FalseStatement(digest, chunk, statement, proven));
            }
        }
        return Optional.empty();
    }

    /** Whether somebody signed that the chunk is just this: then whoever passed it on did as it should. */
    private static boolean inGoodFaith(int chunk, Digest hash, List<Statement> said) {
        return said.stream()
                .filter(statement -> statement.run().first() <= chunk
                        && chunk < statement.run().end())
                .anyMatch(statement -> statement.reading().hash(chunk).equals(hash));
    }

    private static Digest hash(BlobFile file, int chunk) throws IOException {
        ByteRange range = Chunk.range(chunk, file.sizeBytes());
        ByteBuffer bytes = ByteBuffer.allocate((int) range.length());
        while (bytes.hasRemaining()) {
            if (file.channel().read(bytes, range.offset() + bytes.position()) < 0) {
                throw new IOException("the file of " + file.digest() + " ends at " + bytes.position());
            }
        }
        return hash(bytes.array());
    }

    static Digest hash(byte[] bytes) {
        return Digest.ofBytes(Digest.hasher().digest(bytes));
    }
}
