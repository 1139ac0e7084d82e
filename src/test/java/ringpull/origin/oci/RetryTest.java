package ringpull.origin.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.net.URI;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import ringpull.blob.ContentKind;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

class RetryTest extends HostileFixture {
    private static final URI NOBODY = URI.create("http://127.0.0.1:1");
    private static final String NAME = "registry.test";

    @Test
    void retryAfterIsHonoured() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        HostileServer server = plain((request, out) -> {
            if (asked.incrementAndGet() == 1) {
                HostileServer.send(out, 429, "Retry-After: 3");
            } else {
                sendManifest(request, out);
            }
        });
        assertThat(origin(registry(NAME, server.url()))
                        .resolve(repository(NAME), "v1")
                        .digest())
                .isEqualTo(MANIFEST_DIGEST);
        assertThat(pauses).containsExactly(Duration.ofSeconds(3));
    }

    @Test
    void aLongRetryAfterIsNotWaitedFor() throws Exception {
        HostileServer server = plain((request, out) -> HostileServer.send(out, 429, "Retry-After: 3600"));
        Origin origin = origin(registry(NAME, server.url()));
        OriginException.Busy busy =
                catchThrowableOfType(OriginException.Busy.class, () -> origin.resolve(repository(NAME), "v1"));
        assertThat(busy.retryAfter()).isEqualTo(Duration.ofHours(1));
        assertThat(pauses).isEmpty();
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void retriesAreBoundedAndThenItIsBusy() throws Exception {
        HostileServer server = plain((request, out) -> HostileServer.send(out, 429, "Retry-After: 1"));
        Origin origin = origin(registry(NAME, server.url()));
        assertThatThrownBy(() -> origin.resolve(repository(NAME), "v1"))
                .isInstanceOf(OriginException.Busy.class)
                .hasMessageContaining("429");
        assertThat(server.requests()).hasSize(3);
    }

    @Test
    void waitsDoNotAddUpBeyondTheWindow() throws Exception {
        HostileServer server = plain((request, out) -> {
            now = now.plusSeconds(6); // the request itself took long
            HostileServer.send(out, 503, "Retry-After: 5");
        });
        Origin origin = origin(registry(NAME, server.url()));
        assertThatThrownBy(() -> origin.resolve(repository(NAME), "v1"))
                .isInstanceOf(OriginException.Unreachable.class);
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void serverErrorsAreTriedAgainWithGrowingPauses() throws Exception {
        HostileServer server = plain((request, out) -> HostileServer.send(out, 500));
        Origin origin = origin(registry(NAME, server.url()));
        assertThatThrownBy(() -> origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0))
                .isInstanceOf(OriginException.Unreachable.class)
                .hasMessageContaining("500");
        assertThat(server.requests()).hasSize(3);
        assertThat(pauses).hasSize(2);
        assertThat(pauses.get(0)).isBetween(Duration.ofMillis(200), Duration.ofMillis(400));
        assertThat(pauses.get(1)).isBetween(Duration.ofMillis(800), Duration.ofMillis(1600));
    }

    @Test
    void theNextEndpointAnswersAtOnceWhenOneFails() throws Exception {
        HostileServer good = plain((request, out) -> HostileServer.send(out, 200, BYTES));
        HostileServer failing = plain((request, out) -> HostileServer.send(out, 502));
        HostileServer without = plain((request, out) -> HostileServer.send(out, 404));
        HostileServer busy = plain((request, out) -> HostileServer.send(out, 429, "Retry-After: 9"));
        Origin origin = origin(registry(NAME, NOBODY, failing.url(), without.url(), busy.url(), good.url()));
        try (OriginStream stream = origin.open(repository(NAME), ContentKind.BLOB, DIGEST, 0)) {
            assertThat(ringpull.origin.OriginContract.readAll(stream)).isEqualTo(BYTES);
            assertThat(stream.endpoint()).isEqualTo(good.url().toString());
        }
        assertThat(failing.requests()).hasSize(1);
        assertThat(without.requests()).hasSize(1);
        assertThat(pauses).isEmpty();
    }

    @Test
    void endpointsAreAskedInTheirOrder() throws Exception {
        HostileServer cache = plain(HostileFixture::sendManifest);
        HostileServer registry = plain(HostileFixture::sendManifest);
        origin(registry(NAME, cache.url(), registry.url())).resolve(repository(NAME), "v1");
        assertThat(cache.requests()).hasSize(1);
        assertThat(registry.requests()).isEmpty();
    }

    @Test
    void denialEndsTheSearch() throws Exception {
        HostileServer denying = plain((request, out) -> HostileServer.send(out, 403));
        HostileServer next = plain(HostileFixture::sendManifest);
        Origin origin = origin(registry(NAME, denying.url(), next.url()));
        assertThatThrownBy(() -> origin.resolve(repository(NAME), "v1")).isInstanceOf(OriginException.Denied.class);
        assertThat(next.requests()).isEmpty();
    }

    @Test
    void theLastEndpointHasTheLastWordButBusyIsNotHidden() throws Exception {
        HostileServer without = plain((request, out) -> HostileServer.send(out, 404));
        HostileServer busy = plain((request, out) -> HostileServer.send(out, 429, "Retry-After: 60"));
        Origin notFound = origin(registry(NAME, NOBODY, without.url()));
        assertThatThrownBy(() -> notFound.resolve(repository(NAME), "v1")).isInstanceOf(OriginException.NotFound.class);
        Origin unreachable = origin(registry(NAME, without.url(), NOBODY));
        assertThatThrownBy(() -> unreachable.resolve(repository(NAME), "v1"))
                .isInstanceOf(OriginException.Unreachable.class);
        Origin limited = origin(registry(NAME, busy.url(), NOBODY));
        assertThatThrownBy(() -> limited.resolve(repository(NAME), "v1")).isInstanceOf(OriginException.Busy.class);
    }
}
