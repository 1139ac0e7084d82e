package ringpull.mirror;

import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.blob.Repository;
import ringpull.fetch.BlobRequest;

/**
 * What a request asks of the registry API. The registry behind a name comes from the query {@code ns}, else from the
 * header OCI-Namespace, else from the path itself: {@code /v2/docker.io/library/debian/…}.
 *
 * @param head whether only headers are wanted
 * @param range always whole for a HEAD
 * @param registry what to echo; empty if the client named none
 */
record ApiRequest(Target target, boolean head, RequestedRange range, Optional<String> registry) {
    static final String NAMESPACE_HEADER = "OCI-Namespace";
    private static final String DEFAULT_REGISTRY = "registry.invalid";
    private static final int QUERY_PARAMETERS_MAX = 16;
    private static final Pattern OTHER_DIGEST = Pattern.compile("[a-z0-9]+([+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+");

    /** Of a reference that may be a digest: the pattern takes stack for each part of an algorithm's name. */
    private static final int REFERENCE_CHARS_MAX = 1_024;

    /** Which content. */
    sealed interface Target {
        record Ping() implements Target {}

        record ByTag(ImageName tag) implements Target {}

        record ByDigest(BlobRequest blob) implements Target {}
    }

    static ApiRequest parse(HttpRequest request) throws Refusal {
        refuseMalformed(request.decoderResult());
        boolean head = request.method().equals(HttpMethod.HEAD);
        if (!head && !request.method().equals(HttpMethod.GET)) {
            throw Refusal.methodNotAllowed(brief(request.method().name()));
        }
        boolean whole = head || request.headers().contains(HttpHeaderNames.IF_RANGE);
        RequestedRange range =
                RequestedRange.parse(whole ? null : request.headers().get(HttpHeaderNames.RANGE));
        try {
            QueryStringDecoder query = new QueryStringDecoder(
                    pathAndQuery(request.uri()), StandardCharsets.UTF_8, true, QUERY_PARAMETERS_MAX, true);
            Optional<String> named = namedRegistry(request, query);
            String path = query.path();
            if (path.equals("/v2") || path.equals("/v2/")) {
                return new ApiRequest(new Target.Ping(), head, new RequestedRange.Whole(), named);
            }
            return ofContent(path, head, range, named);
        } catch (IllegalArgumentException e) {
            throw Refusal.malformed(HttpResponseStatus.BAD_REQUEST, "broken escapes in the URL: " + e.getMessage());
        }
    }

    private static void refuseMalformed(DecoderResult result) throws Refusal {
        if (result.isSuccess()) {
            return;
        }
        Throwable cause = result.cause();
        HttpResponseStatus status = HttpResponseStatus.BAD_REQUEST;
        if (cause instanceof TooLongHttpLineException) {
            status = HttpResponseStatus.REQUEST_URI_TOO_LONG;
        } else if (cause instanceof TooLongHttpHeaderException) {
            status = HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE;
        }
        throw Refusal.malformed(status, "the request cannot be read as HTTP/1.1");
    }

    /** Proxies send {@code GET http://host/path}: the host is not looked at. */
    private static String pathAndQuery(String uri) {
        int authority = uri.startsWith("http://") ? uri.indexOf('/', "http://".length()) : 0;
        return authority < 0 ? "/" : uri.substring(authority);
    }

    private static Optional<String> namedRegistry(HttpRequest request, QueryStringDecoder query) {
        List<String> ns = query.parameters().getOrDefault("ns", List.of());
        Optional<String> header = Optional.ofNullable(request.headers().get(NAMESPACE_HEADER));
        return ns.stream().findFirst().or(() -> header).filter(name -> !name.isBlank());
    }

    private static ApiRequest ofContent(String path, boolean head, RequestedRange range, Optional<String> named)
            throws Refusal {
        int last = path.lastIndexOf('/');
        int beforeLast = path.lastIndexOf('/', last - 1);
        String endpoint = beforeLast < 0 ? "" : path.substring(beforeLast + 1, last);
        if (!path.startsWith("/v2/") || beforeLast < "/v2/".length() || !isPull(endpoint)) {
            throw Refusal.unsupported("a mirror only serves /v2/<name>/manifests/<tag or digest> and"
                    + " /v2/<name>/blobs/<digest>: ask the registry itself");
        }
        String name = path.substring("/v2/".length(), beforeLast);
        String reference = path.substring(last + 1);
        ContentKind kind = endpoint.equals("manifests") ? ContentKind.MANIFEST : ContentKind.BLOB;
        Optional<Repository> repository = repository(name, named);
        Target target = target(kind, reference, repository);
        return new ApiRequest(target, head, range, repository.map(Repository::registry));
    }

    private static boolean isPull(String endpoint) {
        return endpoint.equals("manifests") || endpoint.equals("blobs");
    }

    /** Empty if the name holds no registry; but it is a name. */
    private static Optional<Repository> repository(String name, Optional<String> named) throws Refusal {
        int slash = name.indexOf('/');
        String first = slash < 0 ? "" : name.substring(0, slash);
        boolean inPath = first.contains(".") || first.contains(":") || first.equals("localhost");
        try {
            if (named.isPresent()) {
                return Optional.of(new Repository(named.get(), name));
            }
            if (inPath) {
                return Optional.of(new Repository(first, name.substring(slash + 1)));
            }
            new Repository(DEFAULT_REGISTRY, name);
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            throw Refusal.nameInvalid(String.valueOf(e.getMessage()));
        }
    }

    private static Target target(ContentKind kind, String reference, Optional<Repository> repository) throws Refusal {
        Optional<Digest> digest = Digest.tryParse(reference);
        if (digest.isPresent()) {
            return new Target.ByDigest(new BlobRequest(digest.get(), kind, repository));
        }
        if (reference.startsWith("sha256:")) {
            throw Refusal.digestInvalid("not sha256:<64 lower-case hex digits>: " + brief(reference));
        }
        if (reference.length() <= REFERENCE_CHARS_MAX
                && OTHER_DIGEST.matcher(reference).matches()) {
            throw Refusal.unknown(kind, "other_algorithm", "only sha256 digests are shared: " + brief(reference));
        }
        if (kind == ContentKind.BLOB) {
            throw Refusal.digestInvalid("not a digest: " + brief(reference));
        }
        if (!ImageName.isTag(reference)) {
            throw Refusal.unknown(kind, "tag_invalid", "neither a tag nor a digest: " + brief(reference));
        }
        Repository where = repository.orElseThrow(() -> Refusal.unknown(
                kind,
                "no_registry",
                "a tag means nothing without its registry: add ?ns=<registry>, or ask for"
                        + " /v2/<registry>/<name>/manifests/<tag>"));
        return new Target.ByTag(new ImageName(where, reference));
    }

    private static String brief(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }
}
