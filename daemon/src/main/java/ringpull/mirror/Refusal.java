package ringpull.mirror;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import ringpull.blob.ContentKind;

/**
 * An answer without a blob, decided before any header left. Statuses are chosen so that containerd goes on with its next
 * host at once: never 401 (it might offer credentials), 408 or 429 (it would ask us again).
 */
final class Refusal extends Exception {
    private static final int DETAIL_CHARS_MAX = 1000;
    private static final JsonFactory JSON = new JsonFactory();

    private final HttpResponseStatus status;
    private final String code;
    private final String reason;
    private final String detail;
    private final HttpHeaders headers = new DefaultHttpHeaders();

    private Refusal(HttpResponseStatus status, String code, String reason, String detail) {
        super(detail);
        this.status = status;
        this.code = code;
        this.reason = reason;
        this.detail = detail.length() <= DETAIL_CHARS_MAX ? detail : detail.substring(0, DETAIL_CHARS_MAX) + "…";
    }

    /** Not here, not elsewhere, or not in time: the client goes upstream. */
    static Refusal unknown(ContentKind kind, String reason, String detail) {
        String code = kind == ContentKind.MANIFEST ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN";
        return new Refusal(HttpResponseStatus.NOT_FOUND, code, reason, detail);
    }

    static Refusal nameInvalid(String detail) {
        return new Refusal(HttpResponseStatus.BAD_REQUEST, "NAME_INVALID", "name_invalid", detail);
    }

    static Refusal digestInvalid(String detail) {
        return new Refusal(HttpResponseStatus.BAD_REQUEST, "DIGEST_INVALID", "digest_invalid", detail);
    }

    /** A part of the registry API that is not for pulling, or a path that is none of the API's. */
    static Refusal unsupported(String detail) {
        return new Refusal(HttpResponseStatus.NOT_FOUND, "UNSUPPORTED", "unsupported", detail);
    }

    static Refusal methodNotAllowed(String method) {
        Refusal refusal = new Refusal(
                HttpResponseStatus.METHOD_NOT_ALLOWED,
                "UNSUPPORTED",
                "method_not_allowed",
                method + " is not for a mirror, which is read-only: send it to the registry");
        refusal.headers.set(HttpHeaderNames.ALLOW, "GET, HEAD");
        return refusal;
    }

    /** Clients of lazy images take 400 as "ask with fewer ranges", and go on with one. */
    static Refusal manyRanges() {
        return new Refusal(
                HttpResponseStatus.BAD_REQUEST,
                "UNSUPPORTED",
                "many_ranges",
                "one range a request: ask for each alone");
    }

    static Refusal notSatisfiable(long sizeBytes) {
        Refusal refusal = new Refusal(
                HttpResponseStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                "SIZE_INVALID",
                "not_satisfiable",
                "the range begins behind the last of " + sizeBytes + " bytes");
        refusal.headers.set(HttpHeaderNames.CONTENT_RANGE, "bytes */" + sizeBytes);
        return refusal;
    }

    /** The request is no HTTP, or larger than we read. */
    static Refusal malformed(HttpResponseStatus status, String detail) {
        return new Refusal(status, "UNSUPPORTED", "malformed_request", detail);
    }

    HttpResponseStatus status() {
        return status;
    }

    /** One word, for metrics. */
    String reason() {
        return reason;
    }

    String detail() {
        return detail;
    }

    /** Headers that belong to this status; a copy. */
    HttpHeaders headers() {
        return headers.copy();
    }

    /** The error body of the OCI distribution specification. */
    byte[] json() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(out)) {
            json.writeStartObject();
            json.writeArrayFieldStart("errors");
            json.writeStartObject();
            json.writeStringField("code", code);
            json.writeStringField("message", detail);
            json.writeObjectFieldStart("detail");
            json.writeStringField("reason", reason);
            json.writeEndObject();
            json.writeEndObject();
            json.writeEndArray();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        return out.toByteArray();
    }

    /** A refusal is an answer, not a defect: nobody reads its stack. */
    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
