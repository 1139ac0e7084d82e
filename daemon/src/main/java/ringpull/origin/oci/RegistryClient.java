package ringpull.origin.oci;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import ringpull.blob.ByteRange;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.origin.Origin.TagAnswer;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

/** What a registry's endpoints serve: tags, manifests and blobs. Checks what they claim. Thread-safe. */
final class RegistryClient {
    /** Largest manifest that is read; what registries allow too. */
    static final int MANIFEST_MAX_BYTES = 4 << 20;

    private static final String OCTETS = "application/octet-stream";
    private static final Map<String, String> MANIFEST_HEADERS = Map.of(
            "Accept",
            String.join(
                    ", ",
                    "application/vnd.oci.image.index.v1+json",
                    "application/vnd.docker.distribution.manifest.list.v2+json",
                    "application/vnd.oci.image.manifest.v1+json",
                    "application/vnd.docker.distribution.manifest.v2+json",
                    "*/*"));
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})");

    private final Rounds rounds;
    private final Surroundings surroundings;

    RegistryClient(List<Endpoint> endpoints, Surroundings surroundings) {
        this.rounds = new Rounds(endpoints, surroundings);
        this.surroundings = surroundings;
    }

    TagAnswer resolve(Repository repository, String tag) throws OriginException, InterruptedException {
        return rounds.ask(endpoint -> {
            Optional<TagAnswer> head = head(endpoint, repository, tag);
            return head.isPresent() ? head.get() : hashed(manifest(endpoint, repository, tag));
        });
    }

    OriginStream openManifest(Repository repository, Digest digest, long offset)
            throws OriginException, InterruptedException {
        return rounds.ask(endpoint -> {
            Manifest manifest = manifest(endpoint, repository, digest.toString());
            int size = manifest.bytes.length;
            if (offset > size) {
                throw new OriginException.Malformed(
                        endpoint.site() + " has fewer than " + offset + " bytes of " + digest);
            }
            return new ContentStream(
                    endpoint.site(),
                    manifest.mediaType.orElse(OCTETS),
                    size,
                    size - offset,
                    offset,
                    manifest.authentic,
                    new ByteArrayInputStream(manifest.bytes),
                    new InMemory(),
                    surroundings.timeouts().floor());
        });
    }

    /** At an offset, an endpoint that knows no ranges is read from the start and the beginning dropped. */
    OriginStream openBlob(Repository repository, Digest digest, long offset)
            throws OriginException, InterruptedException {
        Map<String, String> headers = offset == 0 ? Map.of() : Map.of("Range", "bytes=" + offset + "-");
        Endpoint.Ask ask = new Endpoint.Ask("GET", repository.path(), "blobs/" + digest, headers);
        return rounds.ask(endpoint -> {
            Endpoint.Reached reached = endpoint.send(ask);
            try {
                return blob(endpoint, ask, reached, offset);
            } catch (OriginException e) {
                reached.answer().discard();
                throw e;
            }
        });
    }

    private OriginStream blob(Endpoint endpoint, Endpoint.Ask ask, Endpoint.Reached reached, long offset)
            throws OriginException, InterruptedException {
        Answer answer = reached.answer();
        boolean partial = answer.status() == 206 && offset > 0;
        if (answer.status() != 200 && !partial) {
            throw answer.failure(ask.wanted(), surroundings.clock().instant());
        }
        ensureIdentity(answer);
        long length = answer.length().orElseThrow(() -> answer.malformed("a blob without Content-Length"));
        long size = partial ? sizeFromRange(answer, offset, length) : length;
        if (size < offset) {
            throw answer.malformed("a blob of " + size + " bytes when asked for it from byte " + offset);
        }
        try {
            return new ContentStream(
                    endpoint.site(),
                    answer.mediaType().orElse(OCTETS),
                    size,
                    size - offset,
                    partial ? 0 : offset,
                    reached.authentic(),
                    answer.stream(),
                    new OnWire(answer, endpoint),
                    surroundings.timeouts().floor());
        } catch (IOException e) {
            throw HttpPool.failure(answer.url(), e, false);
        }
    }

    /** A part of a blob, from the first endpoint that gives it; an endpoint that knows no ranges gives only the first. */
    OriginStream openRun(Repository repository, Digest digest, ByteRange run)
            throws OriginException, InterruptedException {
        Map<String, String> headers = Map.of("Range", "bytes=" + run.offset() + "-" + (run.end() - 1));
        Endpoint.Ask ask = new Endpoint.Ask("GET", repository.path(), "blobs/" + digest, headers);
        return rounds.once(endpoint -> {
            Endpoint.Reached reached = endpoint.send(ask);
            try {
                return run(endpoint, ask, reached, run);
            } catch (OriginException e) {
                reached.answer().discard();
                throw e;
            }
        });
    }

    private OriginStream run(Endpoint endpoint, Endpoint.Ask ask, Endpoint.Reached reached, ByteRange run)
            throws OriginException, InterruptedException {
        Answer answer = reached.answer();
        ensureIdentity(answer);
        if (answer.status() == 416 && run.offset() == 0) {
            answer.discard();
            return empty(endpoint, reached); // there is no byte in it to ask for
        }
        long length = answer.length().orElse(-1L);
        boolean whole = answer.status() == 200 && run.offset() == 0 && length >= 0;
        long size;
        if (whole) {
            size = length;
        } else if (answer.status() == 206) {
            size = sizeFromRange(answer, run, length);
        } else if (answer.status() == 200) {
            throw answer.malformed("the whole blob when asked for a part of it");
        } else {
            throw answer.failure(ask.wanted(), surroundings.clock().instant());
        }
        OnWire body = new OnWire(answer, endpoint);
        try {
            return new ContentStream(
                    endpoint.site(),
                    answer.mediaType().orElse(OCTETS),
                    size,
                    Math.min(length, run.length()),
                    0,
                    reached.authentic(),
                    answer.stream(),
                    whole && length > run.length() ? new CutOff(body) : body,
                    surroundings.timeouts().floor());
        } catch (IOException e) {
            throw HttpPool.failure(answer.url(), e, false);
        }
    }

    private OriginStream empty(Endpoint endpoint, Endpoint.Reached reached) {
        return new ContentStream(
                endpoint.site(),
                OCTETS,
                0,
                0,
                0,
                reached.authentic(),
                InputStream.nullInputStream(),
                new InMemory(),
                surroundings.timeouts().floor());
    }

    private static long sizeFromRange(Answer answer, ByteRange run, long length) throws OriginException {
        Matcher range = CONTENT_RANGE.matcher(answer.header("Content-Range").orElse(""));
        if (range.matches()) {
            long size = Long.parseLong(range.group(3));
            long last = Math.min(run.end(), size) - 1;
            boolean exact = Long.parseLong(range.group(1)) == run.offset()
                    && Long.parseLong(range.group(2)) == last
                    && length == last + 1 - run.offset();
            if (exact) {
                return size;
            }
        }
        throw answer.malformed("another range than bytes " + run.offset() + " to " + (run.end() - 1));
    }

    private static long sizeFromRange(Answer answer, long offset, long length) throws OriginException {
        Matcher range = CONTENT_RANGE.matcher(answer.header("Content-Range").orElse(""));
        if (range.matches()) {
            long size = Long.parseLong(range.group(3));
            boolean exact = Long.parseLong(range.group(1)) == offset
                    && Long.parseLong(range.group(2)) == size - 1
                    && length == size - offset;
            if (exact) {
                return size;
            }
        }
        throw answer.malformed("another range than from byte " + offset + " to the end");
    }

    /** Empty if the answer says too little, or the registry knows no HEAD. */
    private Optional<TagAnswer> head(Endpoint endpoint, Repository repository, String tag)
            throws OriginException, InterruptedException {
        Endpoint.Ask ask = new Endpoint.Ask("HEAD", repository.path(), "manifests/" + tag, MANIFEST_HEADERS);
        try (Endpoint.Reached reached = endpoint.send(ask)) {
            Answer answer = reached.answer();
            if (answer.status() == 405 || answer.status() == 501) {
                return Optional.empty();
            }
            if (answer.status() != 200) {
                throw answer.failure(ask.wanted(), surroundings.clock().instant());
            }
            Optional<Digest> digest = digest(answer);
            Optional<Long> length = answer.length();
            Optional<String> mediaType = answer.mediaType();
            if (length.orElse(0L) > MANIFEST_MAX_BYTES) {
                throw answer.malformed("a manifest of more than " + MANIFEST_MAX_BYTES + " bytes");
            }
            return digest.isPresent() && length.isPresent() && mediaType.isPresent()
                    ? Optional.of(new TagAnswer(digest.get(), mediaType.get(), length.get()))
                    : Optional.empty();
        }
    }

    private Manifest manifest(Endpoint endpoint, Repository repository, String reference)
            throws OriginException, InterruptedException {
        Endpoint.Ask ask = new Endpoint.Ask("GET", repository.path(), "manifests/" + reference, MANIFEST_HEADERS);
        try (Endpoint.Reached reached = endpoint.send(ask)) {
            Answer answer = reached.answer();
            if (answer.status() != 200) {
                answer.discard();
                throw answer.failure(ask.wanted(), surroundings.clock().instant());
            }
            ensureIdentity(answer);
            return new Manifest(
                    answer, answer.body(MANIFEST_MAX_BYTES), answer.mediaType(), digest(answer), reached.authentic());
        }
    }

    private static TagAnswer hashed(Manifest manifest) throws OriginException {
        Digest digest = sha256(manifest.bytes);
        if (manifest.claimed.isPresent() && !manifest.claimed.get().equals(digest)) {
            throw manifest.answer.malformed("a manifest that is not what its Docker-Content-Digest says");
        }
        String mediaType =
                manifest.mediaType.orElseThrow(() -> manifest.answer.malformed("a manifest without Content-Type"));
        return new TagAnswer(digest, mediaType, manifest.bytes.length);
    }

    private static Optional<Digest> digest(Answer answer) throws OriginException {
        Optional<String> text = answer.header("Docker-Content-Digest");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<Digest> digest = Digest.tryParse(text.get());
        if (digest.isEmpty()) {
            throw answer.malformed("a Docker-Content-Digest that is no sha256 digest");
        }
        return digest;
    }

    /** Bytes that are encoded are not the bytes under the digest. */
    private static void ensureIdentity(Answer answer) throws OriginException {
        String encoding = answer.header("Content-Encoding").orElse("identity");
        if (!encoding.equalsIgnoreCase("identity")) {
            throw answer.malformed("an encoded body, although asked for none");
        }
    }

    private static Digest sha256(byte[] bytes) {
        try {
            return Digest.ofBytes(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Manifest(
            Answer answer, byte[] bytes, Optional<String> mediaType, Optional<Digest> claimed, boolean authentic) {}

    private record OnWire(Answer answer, Endpoint endpoint) implements ContentStream.Body {
        @Override
        public void finished() throws IOException {
            answer.finished();
        }

        @Override
        public void tooSlow() {
            endpoint.foundSlow();
        }

        @Override
        public void close() {
            answer.close();
        }
    }

    /** What comes behind the end is not wanted, and not waited for. */
    private record CutOff(OnWire body) implements ContentStream.Body {
        @Override
        public void finished() {
            body.close();
        }

        @Override
        public void tooSlow() {
            body.tooSlow();
        }

        @Override
        public void close() {
            body.close();
        }
    }

    private record InMemory() implements ContentStream.Body {
        @Override
        public void finished() {}

        @Override
        public void tooSlow() {}

        @Override
        public void close() {}
    }
}
