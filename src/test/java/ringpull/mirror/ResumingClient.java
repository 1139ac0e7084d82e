package ringpull.mirror;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * Fetches one blob as containerd does: a body that ends early is asked for again from where it ended, the mirror first;
 * 404 sends it upstream for the rest; a reset, or three resumes in a row without a byte, fail the pull.
 */
final class ResumingClient {
    private static final int FRUITLESS_MAX = 3;

    private final InetSocketAddress mirror;
    private final String path;
    private final Content upstream;
    private final int patienceMillis;
    private final List<Integer> statuses = new ArrayList<>();

    /** @param patienceMillis the longest silence it bears, before headers or between bytes */
    ResumingClient(InetSocketAddress mirror, String path, Content upstream, int patienceMillis) {
        this.mirror = mirror;
        this.path = path;
        this.upstream = upstream;
        this.patienceMillis = patienceMillis;
    }

    /** What the mirror answered, in order. */
    List<Integer> statuses() {
        return statuses;
    }

    byte[] pull() throws IOException {
        ByteArrayOutputStream pulled = new ByteArrayOutputStream();
        int fruitless = 0;
        while (pulled.size() < upstream.bytes().length) {
            try (RawClient client = new RawClient(mirror, patienceMillis, 0)) {
                String[] range =
                        pulled.size() == 0 ? new String[0] : new String[] {"Range: bytes=" + pulled.size() + "-"};
                client.get(path, range);
                RawClient.Head head = client.readHead();
                statuses.add(head.status());
                if (head.status() == 404) {
                    pulled.writeBytes(upstream.slice(pulled.size(), upstream.bytes().length));
                    break;
                }
                int before = pulled.size();
                byte[] body = client.read(Integer.parseInt(head.header("content-length")));
                pulled.writeBytes(body);
                fruitless = pulled.size() > before ? 0 : fruitless + 1;
                if (fruitless == FRUITLESS_MAX) {
                    throw new IOException("the pull fails: no progress");
                }
            }
        }
        return pulled.toByteArray();
    }
}
