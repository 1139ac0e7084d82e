package ringpull.mirror;

import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import ringpull.fuzz.Fuzz;

/** What clients may send to the mirror, after Netty has taken the HTTP apart. */
class RequestFuzzTest {
    private static final String DIGEST = "sha256:" + "0123456789abcdef".repeat(4);

    @Test
    void paths() {
        new Fuzz("ApiRequest", Refusal.class)
                .with(
                        "/v2/",
                        "/v2/library/debian/manifests/bookworm?ns=docker.io",
                        "/v2/docker.io/library/debian/blobs/" + DIGEST,
                        "/v2/a/b/manifests/" + DIGEST + "?ns=r.example:5000&x=%41",
                        "http://127.0.0.1:7745/v2/localhost/x/blobs/sha512:abc",
                        "/v2/a/b/manifests/a" + ".r".repeat(16_000),
                        "/v2/_catalog")
                .texts(uri -> {
                    if (uri.chars().allMatch(c -> c > ' ' && c != 127)) { // Netty has refused others
                        ApiRequest.parse(request(uri, "bytes=0-", "docker.io"));
                    }
                });
    }

    @Test
    void headers() {
        String path = "/v2/library/debian/blobs/" + DIGEST;
        new Fuzz("RequestedRange", Refusal.class)
                .with(
                        "bytes=0-",
                        "bytes=0-1023",
                        "bytes=-5",
                        "bytes=1-2,3-4",
                        "BYTES= 1 - 2",
                        "bytes=99999999999999999999-")
                .texts(text -> {
                    if (text.chars().allMatch(c -> c >= ' ' && c < 127)) { // Netty has refused or stripped others
                        RequestedRange range = ApiRequest.parse(request(path, text.strip(), text.strip()))
                                .range();
                        Assertions.assertThat(range.firstByte(1_000)).isNotNegative();
                        RequestedRange.Selection selection = range.select(1_000);
                        Assertions.assertThat(selection.bytes().end()).isBetween(1L, 1_000L);
                    }
                });
    }

    private static DefaultHttpRequest request(String uri, String range, String namespace) {
        DefaultHttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
        request.setUri(uri);
        request.headers().set(HttpHeaderNames.RANGE, range).set(ApiRequest.NAMESPACE_HEADER, namespace);
        return request;
    }
}
