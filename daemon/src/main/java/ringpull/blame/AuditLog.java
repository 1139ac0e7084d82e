package ringpull.blame;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.Digest;
import ringpull.ring.LadderWord;
import ringpull.ring.MemberId;
import ringpull.swarm.Reading;
import ringpull.swarm.Statement;

/**
 * Every fault and what followed, with the evidence, as a line of JSON each. When the file is full it becomes
 * {@code audit.log.1}, and a former one goes. For any thread.
 */
final class AuditLog {
    /** Of one file; there are two. */
    static final long FILE_BYTES_MAX = 8L << 20;

    private static final Logger log = LoggerFactory.getLogger(AuditLog.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Optional<Path> file;
    private final InstantSource clock;

    private AuditLog(Optional<Path> file, InstantSource clock) {
        this.file = file;
        this.clock = clock;
    }

    static AuditLog none(InstantSource clock) {
        return new AuditLog(Optional.empty(), clock);
    }

    static AuditLog in(Path file, InstantSource clock) {
        return new AuditLog(Optional.of(file), clock);
    }

    synchronized void write(Fault fault, List<Ruling> rulings) {
        if (file.isEmpty()) {
            return;
        }
        ObjectNode entry = JSON.createObjectNode().put("at", clock.instant().toString());
        evidence(entry, fault);
        ArrayNode list = entry.putArray("rulings");
        rulings.forEach(ruling -> ruling(list.addObject(), ruling));
        Path path = file.get();
        try {
            if (Files.exists(path) && Files.size(path) > FILE_BYTES_MAX) {
                Files.move(path, path.resolveSibling(path.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
            }
            Files.writeString(
                    path, JSON.writeValueAsString(entry) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            log.warn("cannot write to the audit log {}: {}", path, e.toString());
        }
    }

    private static void evidence(ObjectNode entry, Fault fault) {
        switch (fault) {
            case Fault.WrongChunk f ->
                chunk(entry, "wrong_chunk", f.from(), f.digest(), f.chunk())
                        .put("channel", f.channel().name().toLowerCase(java.util.Locale.ROOT))
                        .put("proven", f.proven());
            case Fault.ReadAgain f ->
                chunk(entry, "read_again_over_tls", f.from(), f.digest(), f.chunk())
                        .put("right", f.right())
                        .put("proven", f.proven());
            case Fault.FalseStatement f -> {
                chunk(entry, "false_statement", f.statement().signer(), f.digest(), f.chunk())
                        .put("proven_hash", f.right().toString());
                statement(entry.putObject("statement"), f.statement());
            }
            case Fault.FalseLadder f -> about(entry, "false_ladder", f.from(), f.digest());
            case Fault.FalseWord f ->
                word(about(entry, "false_word", f.word().signer(), f.digest()), f.word())
                        .put("proven_hash", f.right().map(Digest::toString).orElse(""));
            case Fault.ForgedStatement f ->
                about(entry, "forged_statement", f.from(), f.digest()).put("why", f.why());
            case Fault.OriginWrong f ->
                entry.put("fault", "origin_wrong").put("digest", f.digest().toString());
        }
    }

    private static ObjectNode about(ObjectNode entry, String fault, MemberId member, Digest digest) {
        return entry.put("fault", fault).put("member", member.hex()).put("digest", digest.toString());
    }

    private static ObjectNode chunk(ObjectNode entry, String fault, MemberId member, Digest digest, int chunk) {
        return about(entry, fault, member, digest).put("chunk", chunk);
    }

    /** All that is needed to check the signature. */
    private static void statement(ObjectNode to, Statement statement) {
        Reading reading = statement.reading();
        to.put("epoch", reading.epoch())
                .put("size", reading.sizeBytes())
                .put("first_chunk", reading.run().first())
                .put("endpoint", reading.endpoint())
                .put("authentic", reading.authentic());
        ArrayNode hashes = to.putArray("hashes");
        reading.hashes().forEach(hash -> hashes.add(hash.toString()));
        to.put("signature", Base64.getEncoder().encodeToString(statement.signature()))
                .put("certificates", Base64.getEncoder().encodeToString(statement.certificates()));
    }

    /** The same of a part of a ladder. */
    private static ObjectNode word(ObjectNode to, LadderWord word) {
        to.putObject("word")
                .put("epoch", word.epoch())
                .put("first_page", word.firstPage())
                .put("rungs", word.rungs())
                .put("hash", word.hash().toString())
                .put("signature", word.signature())
                .put("certificates", word.certificates());
        return to;
    }

    private static void ruling(ObjectNode to, Ruling ruling) {
        switch (ruling) {
            case Ruling.ReadOverTls r ->
                to.put("ruling", "read_over_tls").put("member", r.from().hex()).put("chunk", r.chunk());
            case Ruling.PathLowered r -> sentence(to, "path_lowered", r.member(), r.untilMillis(), r.reason());
            case Ruling.Lowered r -> sentence(to, "lowered", r.member(), r.untilMillis(), r.reason());
            case Ruling.Quarantined r -> sentence(to, "quarantined", r.member(), r.untilMillis(), r.reason());
            case Ruling.OriginInconsistent r ->
                to.put("ruling", "origin_inconsistent")
                        .put("digest", r.digest().toString())
                        .put("reason", r.reason());
        }
    }

    private static void sentence(ObjectNode to, String ruling, MemberId member, long untilMillis, String reason) {
        to.put("ruling", ruling)
                .put("member", member.hex())
                .put("until", Instant.ofEpochMilli(untilMillis).toString())
                .put("reason", reason);
    }
}
