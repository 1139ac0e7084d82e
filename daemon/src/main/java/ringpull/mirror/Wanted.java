package ringpull.mirror;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.fetch.BlobRequest;

/**
 * A blob that one client waits for.
 *
 * @param age of what the tag was said to mean, if its registry could not be asked now
 * @param headersDueNanos when, on the monotonic clock, headers or 404 must have gone out
 * @param patience for how long the client waits for a byte
 */
record Wanted(
        BlobRequest blob,
        Optional<Duration> age,
        boolean head,
        RequestedRange range,
        Optional<String> registry,
        long headersDueNanos,
        Duration patience) {
    /** Those who read a blob piece by piece, and model hubs' clients, give up after five to ten seconds. */
    private static final Duration LAZY = Duration.ofSeconds(4);

    /** Names itself so in every request, and reads whole files. */
    private static final String HUB_CLIENT = "hf_hub/";

    private static final String UNKNOWN_TYPE = "application/octet-stream";

    /** How long a client waits that asks so; the others wait as long as the configuration says. */
    static Duration patience(RequestedRange range, String userAgent, Duration others) {
        boolean lazy = range.isBounded() || userAgent.contains(HUB_CLIENT);
        return lazy && LAZY.compareTo(others) < 0 ? LAZY : others;
    }

    Digest digest() {
        return blob.digest();
    }

    /** The bytes to send, once the size is known. */
    RequestedRange.Selection select(long sizeBytes) throws Refusal {
        return blob.kind() == ContentKind.MANIFEST ? range.selectLeniently(sizeBytes) : range.select(sizeBytes);
    }

    Refusal unknown(String reason, String detail) {
        return Refusal.unknown(blob.kind(), reason, detail);
    }

    /** Whether the Content-Type follows from what the source said, without a look at the bytes. */
    boolean typeIsKnown(String stated) {
        return blob.kind() == ContentKind.BLOB || ManifestType.isExact(stated);
    }

    /** The Content-Type where {@link #typeIsKnown}. */
    String type(String stated) {
        return ManifestType.isMediaType(stated) ? stated : UNKNOWN_TYPE;
    }

    /** The Content-Type of a whole, proven file. */
    String type(String stated, BlobFile file) throws Refusal, IOException {
        if (typeIsKnown(stated)) {
            return type(stated);
        }
        Optional<String> own = ManifestType.of(file);
        if (own.isPresent()) {
            return own.get();
        }
        throw unknown("not_manifest", digest() + " is held, and is no manifest");
    }

    HttpResponseStatus status(RequestedRange.Selection selection) {
        return selection.partial() ? HttpResponseStatus.PARTIAL_CONTENT : HttpResponseStatus.OK;
    }

    HttpHeaders headers(String type, long sizeBytes, RequestedRange.Selection selection) {
        HttpHeaders headers =
                describe(registry, digest(), type, selection.bytes().length());
        stamp(headers, age);
        if (selection.partial()) {
            ByteRange bytes = selection.bytes();
            String range = "bytes " + bytes.offset() + "-" + (bytes.end() - 1) + "/" + sizeBytes;
            headers.set(HttpHeaderNames.CONTENT_RANGE, range);
        }
        return headers;
    }

    /** The headers of every answer that has content. */
    static HttpHeaders describe(Optional<String> registry, Digest digest, String type, long lengthBytes) {
        HttpHeaders headers = echo(registry);
        headers.set(HttpHeaderNames.CONTENT_TYPE, type);
        headers.set(HttpHeaderNames.CONTENT_LENGTH, lengthBytes);
        headers.set(HttpHeaderNames.ACCEPT_RANGES, "bytes");
        headers.set("Docker-Content-Digest", digest.toString());
        return headers;
    }

    /** RFC 9111: seconds since the registry said so. */
    static void stamp(HttpHeaders headers, Optional<Duration> age) {
        age.ifPresent(since -> headers.set(HttpHeaderNames.AGE, since.toSeconds()));
    }

    static HttpHeaders echo(Optional<String> registry) {
        HttpHeaders headers = new DefaultHttpHeaders();
        registry.ifPresent(name -> headers.set(ApiRequest.NAMESPACE_HEADER, name));
        return headers;
    }
}
