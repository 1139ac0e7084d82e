package ringpull.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;

/**
 * Pulls an image from a mirror with the requests that containerd makes: HEAD of the tag, then manifests by digest, then
 * config and layers in parallel, three at a time. Hashes what arrives and keeps none of it. It never asks anybody but the
 * mirror. Safe for many threads.
 */
public final class BuiltinClient implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PARALLEL_BLOBS = 3;
    private static final int MANIFEST_MAX = 4 << 20;
    private static final int BLOBS_MAX = 1024;
    private static final int BUFFER = 128 << 10;

    /** A mirror answers within 10 s or says 404. */
    private static final Duration HEADERS_WAIT = Duration.ofSeconds(30);

    private static final String ACCEPT = String.join(
            ", ",
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.oci.image.index.v1+json",
            "*/*");

    private final URI mirror;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** @param mirror base URL, {@code http://127.0.0.1:<port>} */
    public BuiltinClient(URI mirror) {
        this.mirror = mirror;
    }

    /**
     * Pulls an image for this host's platform.
     *
     * @return what was pulled and proven, with its bytes: index, manifest, config, layers
     * @throws IOException if anything is missing, cut short or not what its digest says; the message names it
     */
    public Map<Digest, Long> pull(ImageName image) throws IOException, InterruptedException {
        Map<Digest, Long> pulled = new LinkedHashMap<>();
        Digest digest = Digest.tryParse(image.reference()).orElse(null);
        JsonNode manifest = manifest(image, digest == null ? resolve(image) : digest, pulled);
        if (manifest.has("manifests")) {
            manifest = manifest(image, choose(image, manifest.get("manifests")), pulled);
        }
        List<Digest> blobs = new ArrayList<>();
        blobs.add(digestOf(image, manifest.path("config")));
        for (JsonNode layer : manifest.path("layers")) {
            blobs.add(digestOf(image, layer));
        }
        if (blobs.size() > BLOBS_MAX) {
            throw new IOException(image + " has " + blobs.size() + " blobs, more than " + BLOBS_MAX);
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(PARALLEL_BLOBS)) {
            Map<Digest, Future<Long>> running = new LinkedHashMap<>();
            for (Digest blob : blobs) {
                running.computeIfAbsent(blob, b -> threads.submit(() -> blob(image, b)));
            }
            for (Map.Entry<Digest, Future<Long>> blob : running.entrySet()) {
                pulled.put(blob.getKey(), blob.getValue().get());
            }
        } catch (ExecutionException e) {
            throw new IOException(
                    e.getCause() == null ? e.toString() : e.getCause().getMessage(), e);
        }
        return pulled;
    }

    private Digest resolve(ImageName image) throws IOException, InterruptedException {
        HttpRequest head = request(image, "manifests", image.reference())
                .method("HEAD", HttpRequest.BodyPublishers.noBody())
                .build();
        HttpResponse<Void> answer = http.send(head, HttpResponse.BodyHandlers.discarding());
        if (answer.statusCode() != 200) {
            throw new IOException("the mirror answers " + answer.statusCode() + " to HEAD of the tag " + image);
        }
        String digest = answer.headers().firstValue("Docker-Content-Digest").orElse("");
        return Digest.tryParse(digest)
                .orElseThrow(() -> new IOException("the mirror names no digest for " + image + ": '" + digest + "'"));
    }

    private JsonNode manifest(ImageName image, Digest digest, Map<Digest, Long> pulled)
            throws IOException, InterruptedException {
        try (InputStream body = get(image, "manifests", digest)) {
            byte[] bytes = body.readNBytes(MANIFEST_MAX);
            prove(digest, LayerFile.sha256().digest(bytes), bytes.length);
            pulled.put(digest, (long) bytes.length);
            return JSON.readTree(bytes);
        }
    }

    private long blob(ImageName image, Digest digest) throws IOException, InterruptedException {
        MessageDigest hash = LayerFile.sha256();
        byte[] buffer = new byte[BUFFER];
        long total = 0;
        try (InputStream body = get(image, "blobs", digest)) {
            for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
                hash.update(buffer, 0, read);
                total += read;
            }
        } catch (IOException e) {
            throw new IOException(
                    "the mirror cut " + digest + " short after " + total + " bytes: " + e.getMessage(), e);
        }
        prove(digest, hash.digest(), total);
        return total;
    }

    private static void prove(Digest digest, byte[] hash, long bytes) throws IOException {
        Digest found = Digest.ofBytes(hash);
        if (!found.equals(digest)) {
            throw new IOException("the mirror sent " + bytes + " bytes for " + digest + " that are " + found);
        }
    }

    private InputStream get(ImageName image, String folder, Digest digest) throws IOException, InterruptedException {
        HttpResponse<InputStream> answer = http.send(
                request(image, folder, digest.toString()).GET().build(), HttpResponse.BodyHandlers.ofInputStream());
        if (answer.statusCode() != 200) {
            answer.body().close();
            throw new IOException(
                    "the mirror answers " + answer.statusCode() + " to GET of " + digest + " of " + image);
        }
        return answer.body();
    }

    private HttpRequest.Builder request(ImageName image, String folder, String reference) {
        String registry = image.repository().registry();
        URI uri = mirror.resolve("/v2/" + image.repository().path() + "/" + folder + "/" + reference + "?ns="
                + URLEncoder.encode(registry, StandardCharsets.UTF_8));
        return HttpRequest.newBuilder(uri)
                .timeout(HEADERS_WAIT)
                .header("User-Agent", "ringpull-demo")
                .header("Accept", ACCEPT);
    }

    private static Digest choose(ImageName image, JsonNode manifests) throws IOException {
        for (JsonNode entry : manifests) {
            JsonNode platform = entry.path("platform");
            if (platform.path("os").asText().equals("linux")
                    && platform.path("architecture").asText().equals(SampleImage.hostArchitecture())) {
                return digestOf(image, entry);
            }
        }
        throw new IOException(image + " has no manifest for linux/" + SampleImage.hostArchitecture());
    }

    private static Digest digestOf(ImageName image, JsonNode descriptor) throws IOException {
        String text = descriptor.path("digest").asText();
        return Digest.tryParse(text)
                .orElseThrow(
                        () -> new IOException("a manifest of " + image + " names no sha256 digest: '" + text + "'"));
    }

    /** Running pulls fail. */
    @Override
    public void close() {
        http.shutdownNow();
    }
}
