package ringpull.swarm.wire;

import com.google.protobuf.InvalidProtocolBufferException;
import org.junit.jupiter.api.Test;
import ringpull.fuzz.Fuzz;
import ringpull.v1.SwarmMessage;

/** What members may send each other about a blob that they pull. */
class SwarmCodecFuzzTest {
    @Test
    void messages() {
        Fuzz fuzz = new Fuzz("SwarmCodec", InvalidProtocolBufferException.class, IllegalArgumentException.class);
        SwarmCodecTest.messages()
                .forEach(message -> fuzz.with(SwarmCodec.encode(message).toByteArray()));
        fuzz.allocating(400).bytes(input -> SwarmCodec.decode(SwarmMessage.parseFrom(input)));
    }
}
