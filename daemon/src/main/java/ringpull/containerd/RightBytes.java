package ringpull.containerd;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import ringpull.blob.Digest;

/** The bytes of blobs as the daemon on this node proves them: from its mirror, asked by digest alone. */
final class RightBytes implements AutoCloseable {
    private static final Duration ANSWER_MAX = Duration.ofSeconds(60);

    private final URI mirror;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    RightBytes(URI mirror) {
        this.mirror = mirror;
    }

    /** The blob is not to be had: who says so, and why. */
    static final class NotToBeHad extends IOException {
        NotToBeHad(String message) {
            super(message);
        }
    }

    /**
     * The first bytes of a blob; the caller closes them.
     *
     * @throws NotToBeHad if nobody in the ring has it, or there is no daemon
     */
    InputStream first(Digest digest, long bytes) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(mirror.resolve("/v2/ringpull/repair/blobs/" + digest))
                .header("Range", "bytes=0-" + (bytes - 1))
                .timeout(ANSWER_MAX)
                .build();
        HttpResponse<InputStream> answer;
        try {
            answer = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (ConnectException e) {
            throw new NotToBeHad("no daemon answers at " + mirror);
        }
        if (answer.statusCode() != 206 && answer.statusCode() != 200) {
            answer.body().close();
            throw new NotToBeHad("the daemon at " + mirror + " cannot prove it: no member of the ring has it");
        }
        return answer.body();
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
