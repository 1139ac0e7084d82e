package ringpull.ring.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.ring.Address;

class SeedSourceTest {
    @TempDir
    Path folder;

    @Test
    void seedsAreOfThreeKinds() {
        assertThat(SeedSource.parse("file:/etc/ringpull/seeds"))
                .isEqualTo(new SeedFile(Path.of("/etc/ringpull/seeds")));
        assertThat(SeedSource.parse("srv:_ringpull._tcp.example"))
                .isEqualTo(new SrvName("_ringpull._tcp.example", "dns:"));
        assertThat(SeedSource.parse("file:7746")).isEqualTo(new HostPort("file", 7746));
        assertThat(SeedSource.parse("srv")).isEqualTo(new HostPort("srv", 7746));
    }

    @ParameterizedTest
    @ValueSource(strings = {"srv:_a", "srv:_a b.example", "srv:_a/b.example", "srv:_ringpull._tcp..example"})
    void namesThatAreNoneAreRefused(String text) {
        assertThatThrownBy(() -> SeedSource.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(text);
    }

    @Test
    void aFileIsReadAnewEachTime() throws IOException {
        Path file = folder.resolve("seeds");
        SeedSource seed = SeedSource.parse("file:" + file);
        assertThatThrownBy(seed::resolve).isInstanceOf(IOException.class).hasMessageContaining("does not exist");

        Files.writeString(file, "# written by the scheduler\n\n10.0.0.1\n10.0.0.2:99 # two\n[fd00::5]:80\n");
        assertThat(seed.resolve())
                .containsExactlyInAnyOrder(
                        new Address("10.0.0.1", 7746),
                        new Address("10.0.0.2", 99),
                        new Address("fd00:0:0:0:0:0:0:5", 80));

        Files.writeString(file, "10.0.0.3\n");
        assertThat(seed.resolve()).containsExactly(new Address("10.0.0.3", 7746));

        Files.writeString(file, "# nobody\n");
        assertThatThrownBy(seed::resolve).isInstanceOf(IOException.class).hasMessageContaining("names no host");
    }

    @Test
    void aLineThatIsWrongSpoilsNoOther() throws IOException {
        Path file = Files.writeString(folder.resolve("seeds"), "host:x\n10.0.0.1\n");
        assertThat(new SeedFile(file).resolve()).containsExactly(new Address("10.0.0.1", 7746));
        Files.writeString(file, "host:x\n");
        assertThatThrownBy(() -> new SeedFile(file).resolve())
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file + ": host:x");
    }

    @Test
    void aFileOfAllNodesGivesAFewAtATime() throws IOException {
        String all = IntStream.range(0, 10_000)
                .mapToObj(i -> "10.0." + i / 250 + "." + (1 + i % 250))
                .collect(Collectors.joining("\n"));
        SeedFile seed = new SeedFile(Files.writeString(folder.resolve("seeds"), all));

        List<Address> first = seed.resolve();
        assertThat(first).hasSize(SeedFile.SAMPLE).doesNotHaveDuplicates();
        assertThat(seed.resolve()).as("others the next time").isNotEqualTo(first);
    }

    @Test
    void srvRecordsNameHostsAndPorts() throws IOException {
        try (NameServer server = new NameServer(record(20, 99, "127.0.0.2"), record(10, 7000, "127.0.0.1"))) {
            assertThat(new SrvName("_ringpull._tcp.test", server.url()).resolve())
                    .as("the best priority first")
                    .containsExactly(new Address("127.0.0.1", 7000), new Address("127.0.0.2", 99));
        }
    }

    @Test
    void aNameWithoutRecordsSaysSo() throws IOException {
        try (NameServer server = new NameServer()) {
            assertThatThrownBy(() -> new SrvName("_ringpull._tcp.test", server.url()).resolve())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("_ringpull._tcp.test");
        }
        try (DatagramSocket silent = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            assertThatThrownBy(() ->
                            new SrvName("_ringpull._tcp.test", "dns://127.0.0.1:" + silent.getLocalPort()).resolve())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("DNS does not answer");
        }
    }

    /** Data of a SRV record; a target that is an address needs no second look-up. */
    private static byte[] record(int priority, int port, String target) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeShort(priority);
        out.writeShort(0);
        out.writeShort(port);
        for (String label : target.split("\\.", -1)) {
            out.writeByte(label.length());
            out.write(label.getBytes(StandardCharsets.US_ASCII));
        }
        out.writeByte(0);
        return bytes.toByteArray();
    }

    /** Answers every question with the same SRV records. */
    private static final class NameServer implements AutoCloseable {
        private final DatagramSocket socket;
        private final List<byte[]> records;

        private NameServer(byte[]... records) throws IOException {
            this.records = List.of(records);
            socket = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Thread.ofPlatform().daemon().start(this::serve);
        }

        private String url() {
            return "dns://127.0.0.1:" + socket.getLocalPort();
        }

        private void serve() {
            try {
                while (true) {
                    DatagramPacket question = new DatagramPacket(new byte[512], 512);
                    socket.receive(question);
                    byte[] answer = answer(Arrays.copyOf(question.getData(), question.getLength()));
                    socket.send(new DatagramPacket(answer, answer.length, question.getSocketAddress()));
                }
            } catch (IOException e) {
                // closed
            }
        }

        private byte[] answer(byte[] question) throws IOException {
            int end = 12;
            while (question[end] != 0) {
                end += 1 + question[end];
            }
            end += 5;
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.write(question, 0, 2);
            out.writeShort(0x8580); // an answer, authoritative
            out.writeShort(1);
            out.writeShort(records.size());
            out.writeInt(0);
            out.write(question, 12, end - 12);
            for (byte[] record : records) {
                out.writeShort(0xC00C); // the name of the question
                out.writeShort(33);
                out.writeShort(1);
                out.writeInt(60);
                out.writeShort(record.length);
                out.write(record);
            }
            return bytes.toByteArray();
        }

        @Override
        public void close() {
            socket.close();
        }
    }
}
