package ringpull.swarm.sim;

public final class Try {
    private Try() {}

    public static void main(String[] a) {
        int nodes = Integer.parseInt(a[0]);
        long mib = Long.parseLong(a[1]);
        int racks = a.length > 3 ? Integer.parseInt(a[3]) : 0;
        for (String r : a[2].split(",")) {
            Scenario s = Scenario.of(nodes, mib << 20).rtt(Double.parseDouble(r)).racks(racks);
            if (a.length > 4) {
                s = s.link(Long.parseLong(a[4])).origin(Long.parseLong(a[5]));
            }
            long t = System.nanoTime();
            SwarmSimulation sim = new SwarmSimulation(s).startAll();
            StringBuilder curve = new StringBuilder();
            for (int q = 1; q <= 15; q++) {
                double at = q * s.idealSeconds() / 10;
                int qq = q;
                sim.inSeconds(at, () -> curve.append(String.format(" %.1f:%.3f", qq / 10.0, sim.nodes().stream().mapToInt(n -> n.present()).average().orElse(0) / sim.chunks())));
            }
            boolean ok = sim.runUntil(s.idealSeconds() * 6 + 20, () -> sim.doneCount() == nodes);
            if (!ok) {
                System.out.println(sim.describe());
            }
            sim.nodes().stream().sorted(java.util.Comparator.comparingDouble(n -> -n.doneAt())).limit(8).forEach(n -> System.out.print(" " + n.index + ":" + String.format("%.2f", n.doneAt()) + n.swarm().debug(sim.digest)));
            System.out.println();
            System.out.println(curve);
            double[] done = sim.nodes().stream().mapToDouble(n -> n.doneAt()).sorted().toArray();
            System.out.println(java.util.Arrays.toString(java.util.Arrays.stream(sim.origin().quarters).map(x -> x / Scenario.of(nodes, mib << 20).link(a.length > 4 ? Long.parseLong(a[4]) : Scenario.GIGABIT).idealSeconds()).toArray()) + " last origin " + sim.origin().lastAt / s.idealSeconds());
            System.out.printf(
                    "n=%d rtt=%s ok=%s last=%.3f first=%.3f median=%.3f egress=%.3f dup=%.4f req=%d streams=%d msgs/node=%d home=%d q=%d crossed=%.2f wall=%.1f%n",
                    nodes, r, ok, sim.makespan() / s.idealSeconds(), done[0] / s.idealSeconds(), done[nodes / 2] / s.idealSeconds(), sim.egress(),
                    (double) sim.uploadedBytes() / s.bytes() / nodes, sim.origin().requests(), sim.origin().openMost(),
                    sim.messages() / nodes, sim.homeMessages(), sim.queueMost(), (double) sim.crossedBytes() / s.bytes(), (System.nanoTime() - t) / 1e9);
        }
    }
}
