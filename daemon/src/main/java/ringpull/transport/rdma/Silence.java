package ringpull.transport.rdma;

import java.io.IOException;

/** Nothing came back in time: the other end may be gone, or the fabric swallows all. */
final class Silence extends IOException {
    private static final long serialVersionUID = 1;

    Silence(String message) {
        super(message);
    }
}
