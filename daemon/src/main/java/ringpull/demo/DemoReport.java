package ringpull.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the demonstration found.
 *
 * @param client {@code containerd} or {@code builtin}
 * @param took from the first pull's start to the last one's end, without the wait in between
 * @param problems empty if all is as it should be
 */
record DemoReport(
        List<Node> nodes, long imageBytes, long originBytes, String client, Duration took, List<String> problems) {
    private static final ObjectMapper JSON = new ObjectMapper();

    DemoReport {
        nodes = List.copyOf(nodes);
        problems = List.copyOf(problems);
    }

    /** One node's pull, with the bytes that its daemon took, as its metrics say. */
    record Node(String name, Duration took, long originBytes, long peerBytes, boolean verified) {}

    boolean verified() {
        return nodes.stream().allMatch(Node::verified);
    }

    /** A line a node, under a heading. */
    List<String> table() {
        List<String> lines = new ArrayList<>();
        String row = "%-8s %9s %16s %16s   %s";
        lines.add(row.formatted("node", "seconds", "from the origin", "from peers", "verified"));
        for (Node node : nodes) {
            lines.add(row.formatted(
                    node.name,
                    seconds(node.took),
                    size(node.originBytes),
                    size(node.peerBytes),
                    node.verified ? "yes" : "NO"));
        }
        return lines;
    }

    /** One line. */
    String json() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("nodes", nodes.size());
        fields.put("image_bytes", imageBytes);
        fields.put("origin_bytes", originBytes);
        fields.put("peer_bytes", nodes.stream().mapToLong(Node::peerBytes).sum());
        fields.put("verified", verified());
        fields.put("client", client);
        fields.put("seconds", took.toMillis() / 1000.0);
        try {
            return JSON.writeValueAsString(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("numbers and words are always JSON", e);
        }
    }

    static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.2f", time.toMillis() / 1000.0);
    }

    static String size(long bytes) {
        return bytes < 1 << 20 ? bytes + " B" : String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
    }
}
