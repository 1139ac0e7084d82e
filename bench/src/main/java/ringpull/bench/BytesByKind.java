package ringpull.bench;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import ringpull.ring.Message;
import ringpull.sim.Network;
import ringpull.sim.RingSimulation;
import ringpull.sim.SimNode;
import ringpull.sim.Watch;

/** What a simulated ring's bytes are, in the busiest second since it was last asked. */
final class BytesByKind implements Watch {
    private final RingSimulation simulation;
    private final boolean printsEach;
    private final Map<String, Long> now = new TreeMap<>();
    private Map<String, Long> busiest = Map.of();
    private long second;
    private long handshakes;

    /** @param printsEach whether every second is told, as it ends */
    BytesByKind(RingSimulation simulation, boolean printsEach) {
        this.simulation = simulation;
        this.printsEach = printsEach;
    }

    @Override
    public void said(SimNode from, Message message, int bytes) {
        if (simulation.now() / RingSimulation.SECOND != second) {
            endOfSecond();
        }
        now.merge(message.body().getClass().getSimpleName(), (long) bytes, Long::sum);
        now.merge("frames", (long) Network.FRAME_BYTES, Long::sum);
    }

    private void endOfSecond() {
        long all = simulation.traffic().handshakes();
        now.put("handshakes", (all - handshakes) * Network.HANDSHAKE_BYTES);
        if (sum(now) > sum(busiest)) {
            busiest = new TreeMap<>(now);
        }
        if (printsEach) {
            System.out.println(
                    "second " + second + ": " + sum(now) / simulation.nodes().size() + " bytes a node, " + describe(now)
                            + "; wrong pairs: " + simulation.views().wrongPairs());
        }
        now.clear();
        handshakes = all;
        second = simulation.now() / RingSimulation.SECOND;
    }

    private static long sum(Map<String, Long> bytes) {
        return bytes.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Bytes a node of each kind that is a hundredth of all or more, the most first. */
    String busiestSecond() {
        String text = describe(busiest);
        busiest = Map.of();
        return text;
    }

    private String describe(Map<String, Long> bytes) {
        long least = sum(bytes) / 100;
        int nodes = simulation.nodes().size();
        return bytes.entrySet().stream()
                .filter(kind -> kind.getValue() >= least)
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .map(kind -> kind.getKey() + " " + kind.getValue() / nodes)
                .collect(Collectors.joining(", "));
    }
}
