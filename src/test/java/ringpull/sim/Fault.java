package ringpull.sim;

import java.util.List;

/** Something that goes wrong for a while. Times are in seconds of virtual time, nodes are named by index. */
sealed interface Fault {
    /** Since the end of the join. */
    double at();

    double seconds();

    void begin(RingSimulation simulation);

    void end(RingSimulation simulation);

    /** Whether nobody may be declared dead because of it who is not. */
    boolean mild();

    /** Messages get lost, each with this probability. */
    record Loss(double at, double seconds, double share) implements Fault {
        /** What the failure detector promises to bear. */
        static final double MILD = 0.1;

        @Override
        public void begin(RingSimulation simulation) {
            simulation.network().loss(share);
        }

        @Override
        public void end(RingSimulation simulation) {
            simulation.network().loss(0);
        }

        @Override
        public boolean mild() {
            return share <= MILD;
        }
    }

    /** A tenth of the nodes, at least one, handles everything late; healthy ones must not suffer. */
    record Slow(double at, double seconds, double delay) implements Fault {
        private static List<SimNode> slow(RingSimulation simulation) {
            return simulation.nodes().stream()
                    .filter(node -> node.index % 10 == 7
                            || (node.index == 2 && simulation.nodes().size() < 8))
                    .toList();
        }

        @Override
        public void begin(RingSimulation simulation) {
            slow(simulation).forEach(node -> node.slow(delay));
        }

        @Override
        public void end(RingSimulation simulation) {
            slow(simulation).forEach(node -> node.slow(0));
        }

        @Override
        public boolean mild() {
            return true;
        }
    }

    /** A process is stopped, as by a collection of garbage. */
    record Pause(double at, double seconds, int node) implements Fault {
        /** Below the shortest suspicion. */
        static final double MILD = 2.5;

        @Override
        public void begin(RingSimulation simulation) {
            simulation.nodes().get(node).pause();
        }

        @Override
        public void end(RingSimulation simulation) {
            SimNode paused = simulation.nodes().get(node);
            if (paused.paused()) {
                paused.resume();
            }
        }

        @Override
        public boolean mild() {
            return seconds <= MILD;
        }
    }

    /**
     * A daemon dies and comes back after a while.
     *
     * @param silent its host too, so that nobody is even refused
     * @param epochStep of its new life over the old one; below zero: the wall clock went back
     */
    record Crash(double at, double seconds, int node, boolean silent, long epochStep) implements Fault {
        @Override
        public void begin(RingSimulation simulation) {
            SimNode victim = simulation.nodes().get(node);
            if (!victim.running()) {
                return;
            }
            if (silent) {
                victim.vanish();
            } else {
                victim.kill();
            }
        }

        @Override
        public void end(RingSimulation simulation) {
            SimNode victim = simulation.nodes().get(node);
            if (!victim.running()) {
                victim.restart(victim.epoch() + epochStep);
            }
        }

        @Override
        public boolean mild() {
            return true;
        }
    }

    /** A daemon says goodbye and comes back after a while. */
    record Leave(double at, double seconds, int node) implements Fault {
        @Override
        public void begin(RingSimulation simulation) {
            SimNode leaver = simulation.nodes().get(node);
            if (leaver.running() && !leaver.left()) {
                leaver.leave();
            }
        }

        @Override
        public void end(RingSimulation simulation) {
            SimNode leaver = simulation.nodes().get(node);
            if (leaver.left()) {
                leaver.restart(leaver.epoch() + 5_000);
            }
        }

        @Override
        public boolean mild() {
            return true;
        }
    }

    /** Nodes can talk to those on their own island only; the islands of the nodes, by index. */
    record Islands(double at, double seconds, List<Integer> island) implements Fault {
        public Islands {
            island = List.copyOf(island);
        }

        @Override
        public void begin(RingSimulation simulation) {
            simulation.network().islands(island);
        }

        @Override
        public void end(RingSimulation simulation) {
            simulation.network().islands(List.of());
        }

        @Override
        public boolean mild() {
            return false;
        }
    }

    /** Nothing from anybody reaches the node, or nothing from the node reaches anybody. */
    record OneWay(double at, double seconds, int node, boolean deaf) implements Fault {
        @Override
        public void begin(RingSimulation simulation) {
            simulation.network().cut((from, to) -> (deaf ? to : from).index == node);
        }

        @Override
        public void end(RingSimulation simulation) {
            simulation.network().cut((from, to) -> false);
        }

        @Override
        public boolean mild() {
            return false;
        }
    }

    /** The node's link is slow, so that a queue stands before it. */
    record Clog(double at, double seconds, int node, double bytesPerSecond) implements Fault {
        @Override
        public void begin(RingSimulation simulation) {
            simulation.nodes().get(node).link(bytesPerSecond);
        }

        @Override
        public void end(RingSimulation simulation) {
            simulation.nodes().get(node).unclog();
        }

        @Override
        public boolean mild() {
            return false;
        }
    }

    /** The node's monotonic clock leaps, as after a virtual machine was suspended. */
    record Leap(double at, double seconds, int node) implements Fault {
        @Override
        public void begin(RingSimulation simulation) {
            simulation.nodes().get(node).leap(seconds);
        }

        @Override
        public void end(RingSimulation simulation) {}

        @Override
        public boolean mild() {
            return true;
        }
    }
}
