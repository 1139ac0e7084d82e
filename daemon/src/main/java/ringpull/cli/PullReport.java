package ringpull.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;
import ringpull.v1.ImagePullEvent;

/** What a pull came to: the last that was heard of each blob, and the result. */
final class PullReport {
    private final Map<String, ImagePullEvent.Blob> blobs = new LinkedHashMap<>();
    private ImagePullEvent.Result result = ImagePullEvent.Result.getDefaultInstance();

    void add(ImagePullEvent event) {
        if (event.hasResult()) {
            result = event.getResult();
        } else {
            blobs.put(event.getBlob().getDigest(), event.getBlob());
        }
    }

    int failed() {
        return result.getFailed();
    }

    String note() {
        return result.getNote();
    }

    void print(double seconds, PrintWriter out) {
        out.println(Text.printable(result.getImage() + " is " + result.getRoot()));
        out.println(String.format(
                Locale.ROOT,
                "%d blobs in %.1f s: %s from neighbours, %s from the registry, %s were here",
                blobs.size(),
                seconds,
                Text.bytes(sum(ImagePullEvent.Blob::getPeerBytes)),
                Text.bytes(sum(ImagePullEvent.Blob::getOriginBytes)),
                Text.bytes(sum(PullReport::bytesHere))));
    }

    String failures() {
        String first = blobs.values().stream()
                .filter(blob -> blob.getState() == ImagePullEvent.State.FAILED)
                .map(ImagePullEvent.Blob::getNote)
                .findFirst()
                .orElse("");
        return result.getFailed() + " of " + blobs.size() + " blobs did not arrive; the first: " + first;
    }

    private long sum(ToLongFunction<ImagePullEvent.Blob> figure) {
        return blobs.values().stream().mapToLong(figure).sum();
    }

    private static long bytesHere(ImagePullEvent.Blob blob) {
        return blob.getState() == ImagePullEvent.State.HERE ? blob.getSizeBytes() : 0;
    }

    ObjectNode json(double seconds) {
        ObjectNode json = Json.object()
                .put("image", result.getImage())
                .put("root", result.getRoot())
                .put("failed", result.getFailed())
                .put("note", result.getNote())
                .put("seconds", seconds)
                .put("bytes_from_peers", sum(ImagePullEvent.Blob::getPeerBytes))
                .put("bytes_from_origin", sum(ImagePullEvent.Blob::getOriginBytes))
                .put("bytes_here", sum(PullReport::bytesHere));
        ArrayNode list = json.putArray("blobs");
        for (ImagePullEvent.Blob blob : blobs.values()) {
            list.addObject()
                    .put("digest", blob.getDigest())
                    .put("role", blob.getRole())
                    .put("platform", blob.getPlatform())
                    .put("size_bytes", blob.getSizeBytes())
                    .put("state", blob.getState().name().toLowerCase(Locale.ROOT))
                    .put("source", blob.getSource())
                    .put("peer_bytes", blob.getPeerBytes())
                    .put("origin_bytes", blob.getOriginBytes())
                    .put("note", blob.getNote());
        }
        return json;
    }
}
