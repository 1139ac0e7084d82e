package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.ring.Member;
import ringpull.ring.MemberId;
import ringpull.tls.PeerTls;
import ringpull.tls.TestCertificates;
import ringpull.v1.AdmitReply;

/** Who gets a session from whom over the control port. */
class AdmissionTest {
    private static final AdmitReply REPLY = AdmitReply.newBuilder()
            .setSession(ByteString.copyFromUtf8("0123456789abcdef"))
            .setSecret(ByteString.copyFromUtf8("0123456789abcdef0123456789abcdef"))
            .setLifetimeMillis(1_000)
            .build();

    private final List<AutoCloseable> open = new ArrayList<>();

    @TempDir
    Path directory;

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable part : open.reversed()) {
            part.close();
        }
    }

    @Test
    void aMemberIsAdmittedUnderItsCertificatesName() throws Exception {
        TestCertificates ring = new TestCertificates(directory, "ring");
        Config.Tls two = ring.member("two");
        ControlPort asked = bind(Optional.of(ring.member("one")));
        List<String> callers = new ArrayList<>();
        asked.admit(member -> {
            callers.add(member);
            return REPLY;
        });

        assertThat(node(bind(Optional.of(two))).askForSession(member(asked))).isEqualTo(REPLY);

        assertThat(callers).containsExactly(PeerTls.of(two).identity().memberId());
    }

    @Test
    void aMemberWhoseDataPortNeedsNoneRefuses() throws Exception {
        TestCertificates ring = new TestCertificates(directory, "ring");
        ControlPort asked = bind(Optional.of(ring.member("one")));
        RingNode asker = node(bind(Optional.of(ring.member("two"))));

        assertThatThrownBy(() -> asker.askForSession(member(asked)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(String.valueOf(asked.address().getPort()))
                .hasMessageContaining("needs no session");
    }

    @Test
    void aStrangersCertificateGetsNothing() throws Exception {
        TestCertificates ring = new TestCertificates(directory, "ring");
        Config.Tls stranger = new TestCertificates(directory, "elsewhere").member("stranger");
        ControlPort asked = bind(Optional.of(ring.member("one")));
        asked.admit(member -> REPLY);
        // It trusts the asked, so that the refusal is the asked one's own.
        Path both = directory.resolve("both.pem");
        Files.writeString(both, Files.readString(ring.ca()) + Files.readString(stranger.ca()));
        RingNode asker = node(bind(Optional.of(new Config.Tls(stranger.cert(), stranger.key(), both))));

        assertThatThrownBy(() -> asker.askForSession(member(asked))).isInstanceOf(IOException.class);
    }

    @Test
    void withoutCertificatesNobodyIsAdmitted() throws Exception {
        ControlPort asked = bind(Optional.empty());
        asked.admit(member -> REPLY);
        RingNode asker = node(bind(Optional.empty()));

        assertThatThrownBy(() -> asker.askForSession(member(asked)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("with a certificate");
    }

    private ControlPort bind(Optional<Config.Tls> files) throws IOException {
        Optional<PeerTls> tls = files.isPresent() ? Optional.of(PeerTls.of(files.get())) : Optional.empty();
        ControlPort port = ControlPort.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), tls);
        open.add(port);
        return port;
    }

    private RingNode node(ControlPort port) throws IOException {
        RingNode node = RingNode.start(port, member(port), new Config.Ring("test", List.of()), Map.of());
        open.add(node);
        return node;
    }

    private static Member member(ControlPort port) {
        return new Member(
                MemberId.random(RandomGenerator.getDefault()),
                1,
                "node",
                List.of("127.0.0.1"),
                port.address().getPort(),
                1,
                "",
                "",
                List.of("tcp-plain"));
    }
}
