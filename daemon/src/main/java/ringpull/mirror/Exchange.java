package ringpull.mirror;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ringpull.blob.BlobFile;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.config.Config;
import ringpull.fetch.BlobRequest;
import ringpull.fetch.Blobs;
import ringpull.fetch.Delivery;
import ringpull.fetch.Journal;
import ringpull.fetch.Tags;
import ringpull.metrics.Meters;

/**
 * One request and its answer, on a virtual thread of its own. Whatever blobs and tags do, headers or 404 go out in time.
 * An interrupt ends it: the client hung up, or the server stops.
 */
final class Exchange implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(Exchange.class);
    private static final byte[] EMPTY_OBJECT = "{}".getBytes(StandardCharsets.US_ASCII);

    private final HttpRequest request;
    private final Reply reply;
    private final Parts parts;
    private final long headersDueNanos;

    private @Nullable Digest digest;
    private Optional<String> registry = Optional.empty();
    private boolean head;

    /** What exchanges work with. */
    record Parts(
            Blobs blobs,
            Tags tags,
            Journal journal,
            Meters meters,
            Config.Handoff handoff,
            BrokenOff brokenOff,
            LongSupplier nanoTime) {}

    Exchange(HttpRequest request, Reply reply, Parts parts) {
        this.request = request;
        this.reply = reply;
        this.parts = parts;
        this.headersDueNanos =
                parts.nanoTime().getAsLong() + parts.handoff().headerWait().toNanos();
    }

    @Override
    public void run() {
        try {
            try {
                answer();
            } catch (Refusal e) {
                refuse(e);
            } catch (BreakOff e) {
                breakOff(e.reason(), e.getMessage());
            } catch (ClientGone e) {
                count("hung_up", String.valueOf(e.getMessage()));
            } catch (IOException e) {
                log.warn("answering {} failed: {}", digest, e.toString());
                fail("store_failed", e);
            } catch (RuntimeException e) {
                log.error("answering {} met a defect", digest, e);
                fail("defect", e);
            }
        } catch (ClientGone e) {
            log.debug("the client left before it was answered: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            count("hung_up", "the client hung up, or the daemon stops");
        }
    }

    private void answer() throws Refusal, BreakOff, IOException, InterruptedException {
        ApiRequest api = ApiRequest.parse(request);
        registry = api.registry();
        head = api.head();
        switch (api.target()) {
            case ApiRequest.Target.Ping p -> {
                HttpHeaders headers = Wanted.echo(registry);
                headers.set("Docker-Distribution-Api-Version", "registry/2.0");
                count(HttpResponseStatus.OK, "ok", "");
                reply.whole(HttpResponseStatus.OK, headers, EMPTY_OBJECT, head);
            }
            case ApiRequest.Target.ByTag tag -> answer(tag, api);
            case ApiRequest.Target.ByDigest(BlobRequest blob) -> answer(blob, Optional.empty(), api);
        }
    }

    private void answer(ApiRequest.Target.ByTag target, ApiRequest api)
            throws Refusal, BreakOff, IOException, InterruptedException {
        Tags.TagOutcome outcome = inTime("mirror-tag", () -> parts.tags().resolve(target.tag()), late -> {})
                .orElseThrow(() -> Refusal.unknown(
                        ContentKind.MANIFEST, "stalled", "the tag could not be resolved in time: " + target.tag()));
        switch (outcome) {
            case Tags.TagOutcome.Unresolved(String reason, String detail) ->
                throw Refusal.unknown(ContentKind.MANIFEST, reason, detail);
            case Tags.TagOutcome.Resolved known -> {
                known.earlier()
                        .ifPresent(earlier -> parts.journal()
                                .note(known.digest(), "tag", earlier.member(), 0, target.tag() + ": " + earlier));
                Optional<Duration> age = known.earlier().map(Tags.Earlier::age);
                boolean complete = known.sizeBytes() >= 0 && ManifestType.isExact(known.mediaType());
                if (head && complete) {
                    HttpHeaders headers =
                            Wanted.describe(registry, known.digest(), known.mediaType(), known.sizeBytes());
                    Wanted.stamp(headers, age);
                    count(HttpResponseStatus.OK, "ok", "");
                    reply.start(HttpResponseStatus.OK, headers);
                    reply.finish();
                    return;
                }
                Optional<Repository> where = Optional.of(target.tag().repository());
                answer(new BlobRequest(known.digest(), ContentKind.MANIFEST, where), age, api);
            }
        }
    }

    private void answer(BlobRequest blob, Optional<Duration> age, ApiRequest api)
            throws Refusal, BreakOff, IOException, InterruptedException {
        digest = blob.digest();
        String userAgent = request.headers().get(HttpHeaderNames.USER_AGENT, "");
        Duration patience =
                Wanted.patience(api.range(), userAgent, parts.handoff().bodyWait());
        Wanted wanted = new Wanted(blob, age, api.head(), api.range(), registry, headersDueNanos, patience);
        if (api.range() instanceof RequestedRange.Many && blob.kind() == ContentKind.BLOB) {
            throw Refusal.manyRanges();
        }
        Delivery delivery = deliver(wanted);
        try {
            hand(delivery, wanted);
        } catch (Refusal e) {
            if (!e.reason().equals("store_full") || !(delivery instanceof Delivery.Arriving)) {
                throw e;
            }
            // Found out by this very fetch: asked again, the fetcher may have a way past the store.
            Delivery again = deliver(wanted);
            if (again instanceof Delivery.Arriving) {
                throw e;
            }
            hand(again, wanted);
        }
        count("ok", "");
        reply.finish();
    }

    private Delivery deliver(Wanted wanted) throws Refusal, IOException, InterruptedException {
        return inTime("mirror-deliver", () -> parts.blobs().deliver(wanted.blob()), Exchange::giveBack)
                .orElseThrow(() -> wanted.unknown("stalled", "neither store nor origin answered in time"));
    }

    private void hand(Delivery delivery, Wanted wanted) throws Refusal, BreakOff, IOException, InterruptedException {
        switch (delivery) {
            case Delivery.Complete(BlobFile file, String mediaType) -> {
                try (file) {
                    new CompleteAnswer(wanted, reply, parts).send(file, mediaType);
                }
            }
            case Delivery.Arriving(var fetch) -> {
                try (ArrivingAnswer answer = new ArrivingAnswer(wanted, fetch, reply, parts)) {
                    answer.send();
                }
            }
            case Delivery.PassThrough pass -> {
                try (var stream = pass.stream()) {
                    log.debug("{} goes past the store from {}", digest, stream.endpoint());
                    new PassThroughAnswer(wanted, pass, reply, parts).send();
                }
            }
            case Delivery.Nowhere(String reason, String detail) -> throw wanted.unknown(reason, detail);
        }
    }

    /** The result of a call that may block, unless headers are due before. */
    private <T> Optional<T> inTime(String name, Callable<T> call, Consumer<T> giveBack)
            throws IOException, InterruptedException {
        Background<T> asked = new Background<>(name, call, giveBack);
        Optional<T> result = Optional.empty();
        try {
            result = asked.await(headersDueNanos - parts.nanoTime().getAsLong());
            return result;
        } catch (ExecutionException e) {
            throw new IllegalStateException(name + " failed", e.getCause());
        } finally {
            if (result.isEmpty()) {
                asked.giveUp();
            }
        }
    }

    private static void giveBack(Delivery delivery) {
        try {
            switch (delivery) {
                case Delivery.Complete(BlobFile file, String mediaType) -> file.close();
                case Delivery.PassThrough pass -> pass.stream().close();
                case Delivery.Arriving a -> {}
                case Delivery.Nowhere n -> {}
            }
        } catch (IOException e) {
            log.warn("a file that came too late could not be closed: {}", e.toString());
        }
    }

    private void fail(String reason, Exception e) throws ClientGone, InterruptedException {
        if (reply.started()) {
            breakOff(reason, e.toString());
        } else {
            refuse(Refusal.unknown(ContentKind.BLOB, reason, e.toString()));
        }
    }

    private void refuse(Refusal refusal) throws ClientGone, InterruptedException {
        count(refusal.status(), refusal.reason(), refusal.detail());
        HttpHeaders headers = Wanted.echo(registry);
        headers.add(refusal.headers());
        reply.whole(refusal.status(), headers, refusal.json(), head);
    }

    /** The body ends here; the connection closes with FIN, because the reply is not finished. */
    private void breakOff(String reason, @Nullable String detail) {
        Digest blob = digest;
        if (blob != null) {
            parts.brokenOff().note(blob, reply.sentBytes() == 0);
        }
        log.warn("the answer for {} ends after {} bytes: {}", blob, reply.sentBytes(), detail);
        count(reason, String.valueOf(detail));
    }

    private void count(String reason, String detail) {
        count(HttpResponseStatus.valueOf(reply.status()), reason, detail);
    }

    private void count(HttpResponseStatus status, String reason, String detail) {
        parts.meters().answered(status.code(), reason);
        Digest blob = digest;
        if (blob != null) {
            String text = status.code() + " " + reason + (detail.isEmpty() ? "" : ": " + detail);
            parts.journal().note(blob, "answer", "", reply.sentBytes(), text);
        }
    }
}
