package ringpull.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {
    private static final Duration WAIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private UnixSocket listener;
    private UnixSocket client;
    private UnixSocket server;

    @BeforeEach
    void connect() throws IOException {
        Path path = directory.resolve("s");
        listener = UnixSocket.listen(path, 4);
        client = UnixSocket.connect(path, WAIT);
        server = listener.accept();
    }

    @AfterEach
    void close() {
        client.close();
        server.close();
        listener.close();
    }

    @Test
    void messagesStayApart() throws IOException {
        client.send("one", Optional.empty());
        client.send("two", Optional.empty());

        assertThat(server.receive().text()).isEqualTo("one");
        assertThat(server.receive().text()).isEqualTo("two");
    }

    @Test
    void anOpenFileComesBesideAMessage() throws IOException {
        Path file = Files.writeString(directory.resolve("f"), "content");
        try (Descriptor sent = Descriptor.inMemory("test")) {
            try (FileChannel channel = sent.channel()) {
                channel.write(ByteBuffer.wrap(Files.readAllBytes(file)));
            }
            client.send("with", Optional.of(sent));
            client.send("without", Optional.empty());
        }

        UnixSocket.Message with = server.receive();
        try (Descriptor received = with.file().orElseThrow()) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(100);
            assertThat(received.read(bytes, 3)).isEqualTo(4);
            assertThat(StandardCharsets.UTF_8.decode(bytes.flip()).toString()).isEqualTo("tent");
        }
        assertThat(server.receive().file()).isEmpty();
    }

    @Test
    void whatIsTooLongIsRefusedByTheSender() throws IOException {
        String longest = "x".repeat(UnixSocket.MESSAGE_BYTES_MAX);
        client.send(longest, Optional.empty());

        assertThat(server.receive().text()).isEqualTo(longest);
        assertThatThrownBy(() -> client.send(longest + "x", Optional.empty())).isInstanceOf(IOException.class);
    }

    @Test
    void whereNobodyLetsInTheWaitEnds() throws IOException {
        Path full = directory.resolve("full");
        List<UnixSocket> line = new ArrayList<>();
        try (UnixSocket _ = UnixSocket.listen(full, 0)) {
            assertThatThrownBy(() -> {
                        while (line.size() < 100) {
                            line.add(UnixSocket.connect(full, Duration.ofMillis(20)));
                        }
                    })
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessage("nobody is let in at " + full);
        } finally {
            line.forEach(UnixSocket::close);
        }
    }

    @Test
    void theKernelSaysWhoIsThere() throws IOException {
        UnixSocket.Peer peer = server.peer();

        assertThat(peer.pid()).isEqualTo((int) ProcessHandle.current().pid());
        assertThat(peer.uid()).isEqualTo(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    }

    @Test
    void theEndAndSilenceAreTold() throws IOException {
        server.timeout(Duration.ofMillis(20));
        assertThatThrownBy(server::receive).isInstanceOf(SocketTimeoutException.class);

        client.close();
        assertThatThrownBy(server::receive).isInstanceOf(EOFException.class);
    }

    @Test
    void aShutdownWakesWhoWaits() throws Exception {
        CompletableFuture<Throwable> woken = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                listener.accept();
            } catch (IOException e) {
                woken.complete(e);
            }
        });

        listener.shutdown();

        assertThat(woken.get(60, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
    }

    @Test
    void aSealedFileCannotBeChangedAndAFileToReadIsNotWritable() throws IOException {
        try (Descriptor memory = Descriptor.inMemory("test")) {
            try (FileChannel channel = memory.channel()) {
                channel.write(ByteBuffer.wrap(new byte[100]));
                assertThat(memory.isSealed()).isFalse();
                memory.seal();
                assertThat(memory.isSealed()).isTrue();
                assertThatThrownBy(() -> channel.write(ByteBuffer.wrap(new byte[1]), 0))
                        .isInstanceOf(IOException.class);
            }
        }
        Path file = Files.write(directory.resolve("f"), new byte[4096]);
        try (Descriptor toRead = Descriptor.openDirect(file)) {
            assertThat(toRead.isWritableFile()).isFalse();
            assertThat(toRead.isSealed()).isFalse();
        }
    }

    @Test
    void whereBlocksCannotBeSharedItSaysSo() throws IOException {
        Path file = directory.resolve("f");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                Descriptor memory = Descriptor.inMemory("a");
                Descriptor other = Descriptor.inMemory("b")) {
            channel.write(ByteBuffer.wrap(new byte[4096]));
            assertThatThrownBy(() -> memory.share(other, 0))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("share blocks");
        }
    }
}
