package ringpull.ring.wire;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import ringpull.fuzz.Fuzz;
import ringpull.ring.Address;
import ringpull.ring.Message;
import ringpull.sim.RingSimulation;
import ringpull.sim.SimNode;
import ringpull.v1.RingMessage;

/** What peers and the configuration may send to the ring. */
class CodecFuzzTest {
    @Test
    void messages() {
        List<Message> said = new ArrayList<>();
        RingSimulation simulation = new RingSimulation(1);
        simulation.tap(said::add);
        List<SimNode> ring = simulation.ring(5);
        for (int i = 0; i < 40; i++) {
            ring.get(i % 5).hold(RingSimulation.digest(i), i);
            ring.get(i % 5).drop(RingSimulation.digest(i / 2 * 2L));
            simulation.run(0.2);
        }
        ring.get(3).vanish();
        simulation.run(15);
        Fuzz fuzz = new Fuzz("Codec", InvalidProtocolBufferException.class, IllegalArgumentException.class);
        for (int i = 0; i < said.size(); i += 7) {
            fuzz.with(Codec.encode(said.get(i)).toByteArray());
        }
        RingMessage first = Codec.encode(said.getFirst());
        fuzz.with(first.toBuilder().addDeaths(-1).addDeaths(7).build().toByteArray());
        fuzz.allocating(400).bytes(input -> Codec.decode(RingMessage.parseFrom(input)));
    }

    @Test
    void seeds() {
        new Fuzz("SeedSource", IllegalArgumentException.class)
                .with("10.0.0.5", "10.0.0.5:7746", "ringpull.svc.cluster.local:7746", "[fd00::5]:7746", "fd00::5")
                .with("file:/etc/ringpull/seeds", "srv:_ringpull._tcp.example.org")
                .texts(SeedSource::parse);
    }

    @Test
    void srvRecords() {
        new Fuzz("SrvName", IllegalArgumentException.class)
                .with("0 5 7746 gpu-1.example.org.", "10 0 7746 fd00::5")
                .texts(SrvName.Entry::parse);
    }

    @Test
    void addresses() {
        new Fuzz("Address", IllegalArgumentException.class)
                .with("10.0.0.5", "fd00::5", "::ffff:10.0.0.5", "fe80::1%eth0")
                .texts(text -> new Address(text, 7746));
    }
}
