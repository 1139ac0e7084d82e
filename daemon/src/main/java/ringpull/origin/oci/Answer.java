package ringpull.origin.oci;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.jspecify.annotations.Nullable;
import ringpull.origin.OriginException;

/** The headers of an answer, and its body while it is open. Used by one thread. */
final class Answer implements AutoCloseable {
    /** A body that nobody wants is read to its end up to this size, so that its connection can be used again. */
    private static final int DISCARD_MAX = 64 << 10;

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");
    private static final Pattern MEDIA_TYPE =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}");

    private final HttpPool pool;
    private final URI url;
    private final HttpUriRequestBase request;
    private final ClassicHttpResponse response;
    private boolean finished;

    Answer(HttpPool pool, URI url, HttpUriRequestBase request, ClassicHttpResponse response) {
        this.pool = pool;
        this.url = url;
        this.request = request;
        this.response = response;
        this.finished = response.getEntity() == null;
    }

    URI url() {
        return url;
    }

    int status() {
        return response.getCode();
    }

    Optional<String> header(String name) {
        return Optional.ofNullable(response.getFirstHeader(name)).map(Header::getValue);
    }

    Stream<String> headers(String name) {
        return Arrays.stream(response.getHeaders(name)).map(Header::getValue);
    }

    /** The Content-Length; empty if there is none. */
    Optional<Long> length() throws OriginException {
        Optional<String> text = header("Content-Length");
        if (text.isEmpty() || header("Transfer-Encoding").isPresent()) {
            return Optional.empty();
        }
        if (!NUMBER.matcher(text.get()).matches()) {
            throw malformed("a Content-Length that is no number");
        }
        return Optional.of(Long.valueOf(text.get()));
    }

    /** The media type without parameters; empty if there is none. */
    Optional<String> mediaType() throws OriginException {
        String text = header("Content-Type").orElse("");
        int semicolon = text.indexOf(';');
        String type = (semicolon < 0 ? text : text.substring(0, semicolon)).strip();
        if (type.isEmpty()) {
            return Optional.empty();
        }
        if (!MEDIA_TYPE.matcher(type).matches()) {
            throw malformed("a Content-Type that is no media type");
        }
        return Optional.of(type);
    }

    /** The whole body, within the deadline for headers. */
    byte[] body(int maxBytes) throws OriginException, InterruptedException {
        if (length().orElse(0L) > maxBytes) {
            throw malformed("a body of more than " + maxBytes + " bytes");
        }
        ScheduledFuture<?> deadline = pool.deadline(request);
        try {
            byte[] bytes = stream().readNBytes(maxBytes + 1);
            if (bytes.length > maxBytes) {
                throw malformed("a body of more than " + maxBytes + " bytes");
            }
            stream().close();
            finished = true;
            return bytes;
        } catch (IOException e) {
            throw HttpPool.failure(url, e, request.isCancelled());
        } finally {
            deadline.cancel(false);
        }
    }

    /** The body as it comes; empty if there is none. */
    InputStream stream() throws IOException {
        @Nullable HttpEntity entity = response.getEntity();
        return entity == null ? InputStream.nullInputStream() : entity.getContent();
    }

    /** The body was read to its end: closing gives the connection back. */
    void finished() throws IOException {
        stream().close();
        finished = true;
    }

    /** Lets go of a body that nobody wants. */
    void discard() throws InterruptedException {
        try (this) {
            if (length().orElse(Long.MAX_VALUE) <= DISCARD_MAX) {
                body(DISCARD_MAX);
            }
        } catch (OriginException e) {
            return; // then the connection is closed instead
        }
    }

    /** What an answer without the content means. */
    OriginException failure(String wanted, Instant now) {
        String said = Site.of(url) + " answered " + status() + " for " + wanted;
        Duration wait =
                header("Retry-After").map(text -> RetryAfter.parse(text, now)).orElse(Duration.ZERO);
        return switch (status()) {
            case 401, 403 -> new OriginException.Denied(said);
            case 404, 410 -> new OriginException.NotFound(said);
            case 429 -> new OriginException.Busy(said, wait);
            default ->
                status() == 408 || status() >= 500
                        ? new OriginException.Unreachable(said, wait)
                        : new OriginException.Malformed(said);
        };
    }

    OriginException.Malformed malformed(String what) {
        return new OriginException.Malformed(Site.of(url) + " sent " + what);
    }

    /** Aborts what is under way: the rest of the body is not waited for. */
    @Override
    public void close() {
        if (!finished) {
            request.cancel();
        }
        try {
            response.close();
        } catch (IOException e) {
            finished = true; // closed all the same
        }
    }
}
