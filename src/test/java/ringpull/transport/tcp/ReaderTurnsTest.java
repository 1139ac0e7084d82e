package ringpull.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import ringpull.transport.ChunkSource;
import ringpull.transport.Pace;

/** In virtual time: a piece a second passes. */
class ReaderTurnsTest {
    private static final int PIECE = 1_000;
    private static final int TURNS = 300;

    private final AtomicLong now = new AtomicLong(7);
    private final Deque<Runnable> later = new ArrayDeque<>();
    private final ReaderTurns turns = new ReaderTurns(
            new Pace(PIECE, now::get),
            (nanos, task) -> later.add(() -> {
                now.addAndGet(nanos);
                task.run();
            }));
    private final Map<String, Integer> pieces = new HashMap<>();

    /** Asks for the next piece when it has one. */
    private void connection(String reader) {
        turns.ask(reader, PIECE, () -> {
            pieces.merge(reader, 1, Integer::sum);
            connection(reader);
        });
    }

    private void pass(int count) {
        for (int i = 0; i < count; i++) {
            assertThat(later).as("one wait at a time").hasSize(1);
            later.remove().run();
        }
    }

    @Test
    void aReaderGetsNoMoreByHavingMoreConnections() {
        for (int i = 0; i < 8; i++) {
            connection("many");
        }
        connection("one");
        connection("another");

        pass(TURNS);

        assertThat(pieces.get("one")).isBetween(TURNS / 3 - 1, TURNS / 3 + 1);
        assertThat(pieces.get("another")).isBetween(TURNS / 3 - 1, TURNS / 3 + 1);
    }

    @Test
    void whoeverIsAloneGetsAllThatPasses() {
        connection("alone");
        long begun = now.get();

        pass(TURNS);

        assertThat(pieces).containsEntry("alone", TURNS + 1); // the first did not wait
        assertThat(now.get() - begun).isEqualTo(TimeUnit.SECONDS.toNanos(TURNS));
    }

    @Test
    void eachReadersPiecesKeepTheirOrder() {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            int piece = i;
            turns.ask("reader", PIECE, () -> order.add(piece));
        }

        while (!later.isEmpty()) {
            later.remove().run();
        }

        assertThat(order).containsExactly(0, 1, 2, 3, 4);
        turns.ask("reader", PIECE, () -> order.add(5));
        later.remove().run();
        assertThat(order).as("goes on after a rest").endsWith(5);
    }

    @Test
    void withoutALimitNobodyWaits() {
        ReaderTurns free = new ReaderTurns(Pace.NONE, (nanos, task) -> {
            throw new AssertionError("waits");
        });
        List<Integer> passed = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            int piece = i;
            free.ask("reader", Integer.MAX_VALUE, () -> passed.add(piece));
        }

        assertThat(passed).hasSize(5);
    }

    @Test
    void connectionsFromOneAddressAreOneReaders() {
        InetAddress one = InetAddress.ofLiteral("192.0.2.1");
        InetAddress other = InetAddress.ofLiteral("192.0.2.2");

        assertThat(ChunkSource.reader(new InetSocketAddress(one, 1)))
                .isEqualTo(ChunkSource.reader(new InetSocketAddress(one, 2)))
                .isNotEqualTo(ChunkSource.reader(new InetSocketAddress(other, 1)));
    }
}
