package ringpull.helper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.containerd.Recall;
import ringpull.os.Descriptor;
import ringpull.os.UnixSocket;

/** The helper on a host whose kernel may have neither target nor host: what it refuses, and that it lives on. */
class HelperServerTest extends RunningHelper {
    @Test
    void theSocketIsTheDaemonsAlone() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
    }

    @Test
    void aUserThatThereIsNotIsNamed() {
        Recall none = new Recall(directory.resolve("containerd.sock"), directory);
        assertThatThrownBy(() -> HelperServer.start(directory.resolve("other.sock"), "nobody-of-this-name", none))
                .hasMessageContaining("there is no user nobody-of-this-name");
    }

    @Test
    void aRefusalIsASentenceAndTheConnectionGoesOn() throws IOException {
        try (HelperClient client = HelperClient.connect(socket)) {
            Request.Withdraw withdraw = new Request.Withdraw(new Request.Session("0".repeat(32)), new UUID(1, 2));
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> client.ask(withdraw, WAIT))
                        .isInstanceOf(HelperClient.Refused.class)
                        .hasMessage("this connection is no target");
            }
            assertThatThrownBy(() -> client.ask(new Request.Open(new UUID(1, 2)), WAIT))
                    .hasMessage("this connection is no controller");
            client.probe(WAIT);
            assertThat(client.isBroken()).isFalse();
        }
    }

    @Test
    void whatIsNoRequestIsRefused() throws IOException {
        try (UnixSocket raw = UnixSocket.connect(socket, WAIT)) {
            raw.timeout(WAIT);
            for (String line : new String[] {"x", "listen tcp 10.0.0.1,queue_size=1 1", "probe\0", "ok", "\n"}) {
                raw.send(line, Optional.empty());
                assertThat(raw.receive().text()).startsWith("no ");
            }
        }
    }

    @Test
    void aFileBesideWhatWantsNoneIsRefused() throws IOException {
        try (UnixSocket raw = UnixSocket.connect(socket, WAIT);
                Descriptor file = Descriptor.inMemory("f")) {
            raw.timeout(WAIT);
            raw.send("probe", Optional.of(file));
            assertThat(raw.receive().text()).startsWith("no a file is given with an export");
        }
    }

    @Test
    void anAbortNeedsAPlainFileAndTheContainerdThatTheHelperKnows() throws IOException {
        Request.Abort abort = new Request.Abort(Digest.parse("sha256:" + "ab".repeat(32)));
        try (UnixSocket raw = UnixSocket.connect(socket, WAIT);
                Descriptor device = Descriptor.open(Path.of("/dev/zero"));
                Descriptor file = Descriptor.open(Files.writeString(directory.resolve("blob"), "x"))) {
            raw.timeout(WAIT);
            raw.send(abort.line(), Optional.empty());
            assertThat(raw.receive().text()).startsWith("no a file is given with");
            raw.send(abort.line(), Optional.of(device));
            assertThat(raw.receive().text()).isEqualTo("no an abort is given a plain file");
            raw.send(abort.line(), Optional.of(file));
            assertThat(raw.receive().text()).startsWith("no there is no socket " + directory);
        }
    }

    @Test
    void whenItStopsItsConnectionsEnd() throws IOException {
        try (HelperClient client = HelperClient.connect(socket)) {
            client.probe(WAIT);
            server.close();

            assertThatThrownBy(() -> client.probe(WAIT)).isInstanceOf(IOException.class);
            assertThat(client.isBroken()).isTrue();
            assertThatThrownBy(() -> HelperClient.connect(socket)).hasMessageContaining(socket.toString());
        }
    }
}
