package ringpull.swarm.wire;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import ringpull.blob.Chunk;
import ringpull.blob.Digest;
import ringpull.ring.MemberId;
import ringpull.swarm.Lease;
import ringpull.swarm.Message;
import ringpull.swarm.Reading;
import ringpull.swarm.Run;
import ringpull.swarm.Statement;
import ringpull.swarm.SwarmLimits;
import ringpull.v1.SwarmAlive;
import ringpull.v1.SwarmAllow;
import ringpull.v1.SwarmBye;
import ringpull.v1.SwarmGrant;
import ringpull.v1.SwarmHave;
import ringpull.v1.SwarmHello;
import ringpull.v1.SwarmLease;
import ringpull.v1.SwarmMessage;
import ringpull.v1.SwarmNeed;
import ringpull.v1.SwarmProbe;
import ringpull.v1.SwarmReport;
import ringpull.v1.SwarmStatement;
import ringpull.v1.SwarmTrouble;

/** Swarm messages as protobuf, and back. What comes in is bounded by {@link SwarmLimits}, or refused. */
final class SwarmCodec {
    private static final int RACK_CHARS = 256;
    private static final HexFormat HEX = HexFormat.of();

    private SwarmCodec() {}

    static SwarmMessage encode(Message message) {
        SwarmMessage.Builder to = SwarmMessage.newBuilder();
        switch (message) {
            case Message.Report m -> to.setDigest(bytes(m.digest())).setReport(report(m));
            case Message.Grant m -> to.setDigest(bytes(m.digest())).setGrant(grant(m));
            case Message.Hello m ->
                to.setDigest(bytes(m.digest()))
                        .setHello(SwarmHello.newBuilder()
                                .setReply(m.reply())
                                .addAllHave(numbers(m.have()))
                                .addAllStatements(statementsOf(m.statements())));
            case Message.Have m ->
                to.setDigest(bytes(m.digest()))
                        .setHave(SwarmHave.newBuilder()
                                .addAllRuns(numbers(m.runs()))
                                .addAllStatements(statementsOf(m.statements())));
            case Message.Bye m ->
                to.setDigest(bytes(m.digest())).setBye(SwarmBye.newBuilder().setGone(m.gone()));
            case Message.Probe m ->
                to.setProbe(SwarmProbe.newBuilder()
                        .setTarget(bytes(m.target()))
                        .setAsker(bytes(m.asker()))
                        .setNonce(m.nonce()));
            case Message.Alive m ->
                to.setAlive(SwarmAlive.newBuilder()
                        .setTarget(bytes(m.target()))
                        .setAsker(bytes(m.asker()))
                        .setNonce(m.nonce()));
            case Message.Need m ->
                to.setDigest(bytes(m.digest()))
                        .setNeed(SwarmNeed.newBuilder()
                                .setRegistry(m.registry())
                                .setStreams(m.streams())
                                .setPauseNanos(m.pauseNanos())
                                .setHops(m.hops())
                                .setHome(bytes(m.home())));
            case Message.Allow m ->
                to.setDigest(bytes(m.digest()))
                        .setAllow(SwarmAllow.newBuilder()
                                .setRegistry(m.registry())
                                .setStreams(m.streams())
                                .setPauseNanos(m.pauseNanos()));
        }
        return to.build();
    }

    private static SwarmReport report(Message.Report m) {
        SwarmReport.Builder to = SwarmReport.newBuilder()
                .setScope(m.scope())
                .setPuller(bytes(m.puller()))
                .setRack(m.rack())
                .setHops(m.hops())
                .setNonce(m.nonce())
                .setSource(m.source())
                .setHeld(m.held())
                .addAllHave(numbers(m.have()))
                .addAllLeases(all(m.leases(), SwarmCodec::lease))
                .addAllEnded(m.ended())
                .setSlots(m.slots())
                .setNeighbours(m.neighbours())
                .setVeteran(m.veteran())
                .setPauseNanos(m.pauseNanos())
                .addAllContacts(all(m.contacts(), SwarmCodec::bytes))
                .addAllSilent(all(m.silent(), SwarmCodec::bytes))
                .setTrouble(
                        switch (m.trouble()) {
                            case NONE -> SwarmTrouble.SWARM_TROUBLE_UNSPECIFIED;
                            case BUSY -> SwarmTrouble.SWARM_TROUBLE_BUSY;
                            case REFUSED -> SwarmTrouble.SWARM_TROUBLE_REFUSED;
                        });
        if (m.sizeBytes() >= 0) {
            to.setSizeBytes(m.sizeBytes());
        }
        return to.build();
    }

    private static SwarmGrant grant(Message.Grant m) {
        SwarmGrant.Builder to = SwarmGrant.newBuilder()
                .setScope(m.scope())
                .setNonce(m.nonce())
                .addAllLeases(all(m.leases(), SwarmCodec::lease))
                .addAllNeighbours(all(m.neighbours(), SwarmCodec::bytes))
                .setPullers(m.pullers())
                .setReportNanos(m.reportNanos())
                .addAllAsked(numbers(m.asked()))
                .addAllAbroad(numbers(m.abroad()))
                .setHopeless(m.hopeless());
        if (m.sizeBytes() >= 0) {
            to.setSizeBytes(m.sizeBytes());
        }
        return to.build();
    }

    private static SwarmLease lease(Lease lease) {
        return SwarmLease.newBuilder()
                .setId(lease.id())
                .setAbroad(lease.kind() == Lease.Kind.ABROAD)
                .setFirst(lease.first())
                .setNext(lease.next())
                .setEnd(lease.end())
                .setStillNanos(Math.max(0, lease.stillNanos()))
                .build();
    }

    private static List<SwarmStatement> statementsOf(List<Statement> statements) {
        Map<MemberId, byte[]> said = new HashMap<>();
        List<SwarmStatement> to = new ArrayList<>(statements.size());
        for (Statement statement : statements) {
            byte[] certificates = statement.certificates();
            boolean again = Arrays.equals(said.put(statement.signer(), certificates), certificates);
            to.add(statement(statement, again ? new byte[0] : certificates));
        }
        return to;
    }

    private static SwarmStatement statement(Statement statement, byte[] certificates) {
        Reading reading = statement.reading();
        ByteBuffer hashes = ByteBuffer.allocate(reading.hashes().size() * Digest.SIZE_BYTES);
        reading.hashes().forEach(hash -> hashes.put(hash.bytes()));
        return SwarmStatement.newBuilder()
                .setSigner(bytes(reading.reader()))
                .setEpoch(reading.epoch())
                .setSizeBytes(reading.sizeBytes())
                .setFirst(reading.run().first())
                .setHashes(ByteString.copyFrom(hashes.flip()))
                .setEndpoint(reading.endpoint())
                .setAuthentic(reading.authentic())
                .setCertificates(ByteString.copyFrom(certificates))
                .setSignature(ByteString.copyFrom(statement.signature()))
                .build();
    }

    static ByteString bytes(Digest digest) {
        return ByteString.copyFrom(digest.bytes());
    }

    static ByteString bytes(MemberId id) {
        return ByteString.copyFrom(HEX.parseHex(id.hex()));
    }

    private static <A, B> List<B> all(List<A> from, Function<A, B> each) {
        return from.stream().map(each).toList();
    }

    private static List<Integer> numbers(List<Run> runs) {
        List<Integer> numbers = new ArrayList<>(2 * runs.size());
        int at = 0;
        for (Run run : runs) {
            numbers.add(run.first() - at);
            numbers.add(run.count());
            at = run.end();
        }
        return numbers;
    }

    /** @throws IllegalArgumentException if it makes no sense */
    static Message decode(SwarmMessage from) {
        return switch (from.getBodyCase()) {
            case REPORT -> report(digest(from.getDigest()), from.getReport());
            case GRANT -> grant(digest(from.getDigest()), from.getGrant());
            case HELLO ->
                new Message.Hello(
                        digest(from.getDigest()),
                        from.getHello().getReply(),
                        runs(from.getHello().getHaveList(), SwarmLimits.RUNS),
                        statements(from.getHello().getStatementsList()));
            case HAVE ->
                new Message.Have(
                        digest(from.getDigest()),
                        runs(from.getHave().getRunsList(), SwarmLimits.RUNS),
                        statements(from.getHave().getStatementsList()));
            case BYE -> new Message.Bye(digest(from.getDigest()), from.getBye().getGone());
            case PROBE ->
                new Message.Probe(
                        member(from.getProbe().getTarget()),
                        member(from.getProbe().getAsker()),
                        from.getProbe().getNonce());
            case ALIVE ->
                new Message.Alive(
                        member(from.getAlive().getTarget()),
                        member(from.getAlive().getAsker()),
                        from.getAlive().getNonce());
            case NEED -> {
                SwarmNeed need = from.getNeed();
                yield new Message.Need(
                        text(need.getRegistry(), SwarmLimits.SOURCE_CHARS),
                        digest(from.getDigest()),
                        number(need.getStreams()),
                        nanos(need.getPauseNanos()),
                        number(need.getHops()),
                        member(need.getHome()));
            }
            case ALLOW ->
                new Message.Allow(
                        text(from.getAllow().getRegistry(), SwarmLimits.SOURCE_CHARS),
                        digest(from.getDigest()),
                        number(from.getAllow().getStreams()),
                        nanos(from.getAllow().getPauseNanos()));
            case BODY_NOT_SET ->
                throw new IllegalArgumentException("a message of a kind that this release does not know");
        };
    }

    private static Message.Report report(Digest digest, SwarmReport m) {
        require(m.getEndedCount() <= SwarmLimits.LEASES, "ended leases");
        return new Message.Report(
                digest,
                text(m.getScope(), RACK_CHARS),
                member(m.getPuller()),
                text(m.getRack(), RACK_CHARS),
                number(m.getHops()),
                m.getNonce(),
                text(m.getSource(), SwarmLimits.SOURCE_CHARS),
                m.hasSizeBytes() ? size(m.getSizeBytes()) : -1,
                number(m.getHeld()),
                runs(m.getHaveList(), SwarmLimits.RANGES),
                leases(m.getLeasesList()),
                List.copyOf(m.getEndedList()),
                number(m.getSlots()),
                number(m.getNeighbours()),
                m.getVeteran(),
                switch (m.getTrouble()) {
                    case SWARM_TROUBLE_BUSY -> Message.Trouble.BUSY;
                    case SWARM_TROUBLE_REFUSED -> Message.Trouble.REFUSED;
                    case SWARM_TROUBLE_UNSPECIFIED, UNRECOGNIZED -> Message.Trouble.NONE;
                },
                nanos(m.getPauseNanos()),
                members(m.getContactsList(), SwarmLimits.NAMED),
                members(m.getSilentList(), SwarmLimits.SILENT));
    }

    private static Message.Grant grant(Digest digest, SwarmGrant m) {
        return new Message.Grant(
                digest,
                text(m.getScope(), RACK_CHARS),
                m.getNonce(),
                m.hasSizeBytes() ? size(m.getSizeBytes()) : -1,
                leases(m.getLeasesList()),
                members(m.getNeighboursList(), SwarmLimits.NAMED),
                number(m.getPullers()),
                nanos(m.getReportNanos()),
                runs(m.getAskedList(), SwarmLimits.RANGES),
                runs(m.getAbroadList(), SwarmLimits.RANGES),
                m.getHopeless());
    }

    private static List<Lease> leases(List<SwarmLease> leases) {
        require(leases.size() <= SwarmLimits.LEASES, "leases");
        return leases.stream()
                .map(m -> new Lease(
                        m.getId(),
                        m.getAbroad() ? Lease.Kind.ABROAD : Lease.Kind.ORIGIN,
                        chunk(m.getFirst()),
                        chunk(m.getNext()),
                        chunk(m.getEnd()),
                        nanos(m.getStillNanos())))
                .toList();
    }

    private static List<Statement> statements(List<SwarmStatement> statements) {
        require(statements.size() <= SwarmLimits.STATEMENTS, "statements");
        Map<MemberId, byte[]> said = new HashMap<>();
        List<Statement> from = new ArrayList<>(statements.size());
        for (SwarmStatement m : statements) {
            require(m.getCertificates().size() <= SwarmLimits.CERTIFICATES_BYTES, "bytes of certificates");
            Reading reading = reading(m);
            byte[] certificates = m.getCertificates().toByteArray();
            if (certificates.length == 0) {
                certificates = said.getOrDefault(reading.reader(), certificates);
            }
            said.put(reading.reader(), certificates);
            from.add(new Statement(reading, certificates, m.getSignature().toByteArray()));
        }
        return from;
    }

    private static Reading reading(SwarmStatement m) {
        int count = m.getHashes().size() / Digest.SIZE_BYTES;
        require(count > 0 && m.getHashes().size() % Digest.SIZE_BYTES == 0, "hashes of a statement");
        require(count <= SwarmLimits.STATEMENT_CHUNKS, "hashes of a statement");
        require(m.getSignature().size() <= SwarmLimits.SIGNATURE_BYTES, "bytes of a signature");
        List<Digest> hashes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            hashes.add(digest(m.getHashes().substring(i * Digest.SIZE_BYTES, (i + 1) * Digest.SIZE_BYTES)));
        }
        int first = chunk(m.getFirst());
        return new Reading(
                member(m.getSigner()),
                m.getEpoch(),
                size(m.getSizeBytes()),
                new Run(first, chunk(first + count)),
                hashes,
                text(m.getEndpoint(), SwarmLimits.SOURCE_CHARS),
                m.getAuthentic());
    }

    private static List<Run> runs(List<Integer> numbers, int most) {
        require(numbers.size() <= 2 * most && numbers.size() % 2 == 0, "runs");
        List<Run> runs = new ArrayList<>(numbers.size() / 2);
        int at = 0;
        for (int i = 0; i < numbers.size(); i += 2) {
            int first = chunk(at + (long) number(numbers.get(i)));
            at = chunk(first + (long) number(numbers.get(i + 1)));
            runs.add(new Run(first, at));
        }
        return runs;
    }

    static Digest digest(ByteString bytes) {
        require(bytes.size() == Digest.SIZE_BYTES, "bytes of a digest");
        return Digest.ofBytes(bytes.toByteArray());
    }

    static MemberId member(ByteString bytes) {
        require(bytes.size() == 16, "bytes of a member's id");
        return new MemberId(HEX.formatHex(bytes.toByteArray()));
    }

    private static List<MemberId> members(List<ByteString> ids, int most) {
        require(ids.size() <= most, "members");
        return ids.stream().map(SwarmCodec::member).toList();
    }

    static String text(String text, int most) {
        require(text.length() <= most && text.chars().noneMatch(Character::isISOControl), "text");
        return text;
    }

    private static int number(int number) {
        require(number >= 0, "a number");
        return number;
    }

    private static int chunk(long chunk) {
        require(chunk >= 0 && chunk <= Chunk.count(Chunk.BLOB_BYTES_MAX), "the number of a chunk");
        return (int) chunk;
    }

    private static long size(long bytes) {
        require(bytes >= 0 && bytes <= Chunk.BLOB_BYTES_MAX, "the size of a blob");
        return bytes;
    }

    private static long nanos(long nanos) {
        return Math.clamp(nanos, 0, Long.MAX_VALUE / 4);
    }

    private static void require(boolean valid, String what) {
        if (!valid) {
            throw new IllegalArgumentException("invalid swarm message: " + what);
        }
    }
}
