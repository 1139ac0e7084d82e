package ringpull;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import ringpull.transport.session.Session;
import ringpull.transport.session.Sessions;
import ringpull.v1.AdmitReply;
import ringpull.v1.RdmaPlace;

/** Answers to the question for a session. */
class AdmissionsTest {
    @Test
    void whatOneMakesAnotherReads() throws Exception {
        List<InetSocketAddress> places = List.of(
                new InetSocketAddress(InetAddress.ofLiteral("10.8.0.1"), 7749),
                new InetSocketAddress(InetAddress.ofLiteral("fd00:8::1"), 65535));

        Session session = Admissions.session(Admissions.make(new Sessions(System::nanoTime), "reader", places));

        assertThat(session.rdma()).isEqualTo(places);
        assertThat(session.lifetime()).isEqualTo(Sessions.LIFETIME);
    }

    @Test
    void anAnswerIsASessionWithinItsLimitsOrAnError() {
        Random random = new Random(6);
        int[] sessions = new int[2];
        for (int i = 0; i < 20_000; i++) {
            AdmitReply.Builder reply = AdmitReply.newBuilder()
                    .setSession(bytes(random, 16))
                    .setSecret(bytes(random, 32))
                    .setLifetimeMillis(random.nextBoolean() ? random.nextLong() : random.nextInt(1, 1000));
            for (int place = random.nextInt(10); place > 0; place--) {
                reply.addRdma(RdmaPlace.newBuilder()
                        .setAddress(bytes(random, random.nextBoolean() ? 4 : 16))
                        .setPort(random.nextInt(20) == 0 ? random.nextInt() : random.nextInt(65536)));
            }
            try {
                Session session = Admissions.session(reply.build());
                sessions[0]++;
                assertThat(session.id()).matches("[0-9a-f]{32}");
                assertThat(session.secret().getEncoded()).hasSize(32);
                assertThat(session.lifetime()).isPositive();
                assertThat(session.rdma().size()).isLessThanOrEqualTo(Session.RDMA_MAX);
            } catch (IOException e) {
                sessions[1]++;
                assertThat(e.getMessage()).isNotBlank();
            }
        }
        assertThat(sessions[0]).isPositive();
        assertThat(sessions[1]).isPositive();
    }

    /** Mostly as long as they are to be. */
    private static ByteString bytes(Random random, int length) {
        byte[] bytes = new byte[random.nextInt(10) == 0 ? random.nextInt(40) : length];
        random.nextBytes(bytes);
        return ByteString.copyFrom(bytes);
    }
}
