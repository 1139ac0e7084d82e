package ringpull.helper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.os.Descriptor;

/** The target's tree, written to a plain directory that is as strict about removal as the kernel's. */
class NvmetTest {
    private static final Request.Session SESSION = new Request.Session("0123456789abcdef0123456789abcdef");
    private static final Request.Session OTHER = new Request.Session("ffffffffffffffffffffffffffffffff");
    private static final Request.Key KEY = Request.Key.of(new byte[32]);
    private static final Endpoint ENDPOINT = new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("10.0.0.1"), 4420);
    private static final UUID NAME = UUID.fromString("00000000-0000-4000-8000-000000000001");

    @TempDir
    Path root;

    private Nvmet nvmet;

    @BeforeEach
    void make() throws IOException {
        nvmet = new Nvmet(root, NvmetTest::remove);
        for (String directory : List.of("subsystems", "hosts", "ports")) {
            Files.createDirectories(root.resolve(directory));
        }
        // As a kernel with DH-HMAC-CHAP has it in every host.
        Files.createDirectories(root.resolve("hosts/nqn.2026-11.ringpull:reader-probe"));
        Files.createFile(root.resolve("hosts/nqn.2026-11.ringpull:reader-probe/dhchap_key"));
    }

    /** The kernel removes attributes and its own groups by itself, but nothing that was made or linked inside. */
    private static void remove(Path directory) throws IOException {
        try (Stream<Path> tree = Files.walk(directory)) {
            List<Path> inside = tree.filter(path -> !path.equals(directory)).toList();
            for (Path path : inside) {
                String group = path.getName(path.getNameCount() - 2).toString();
                boolean made = Files.isSymbolicLink(path) || group.equals("namespaces");
                if (made) {
                    throw new DirectoryNotEmptyException(path.toString());
                }
            }
            for (Path path : inside.reversed()) {
                Files.delete(path);
            }
        }
        Files.delete(directory);
    }

    private String at(String path) throws IOException {
        return Files.readString(root.resolve(path));
    }

    private List<String> all() throws IOException {
        try (Stream<Path> tree = Files.walk(root)) {
            return tree.map(path -> root.relativize(path).toString())
                    .filter(path -> path.contains("/"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aSharedFileHasTheTreeThatTheKernelWants() throws IOException {
        Path port = nvmet.port(ENDPOINT);
        nvmet.admit(port, SESSION, KEY);
        nvmet.show(SESSION, 1, NAME, Path.of("/proc/self/fd/7"), true);

        String subsystem = "subsystems/nqn.2026-11.ringpull:blobs-" + SESSION.id();
        String host = "hosts/nqn.2026-11.ringpull:reader-" + SESSION.id();
        assertThat(at(subsystem + "/attr_allow_any_host")).isEqualTo("0");
        assertThat(at(subsystem + "/attr_model")).isEqualTo("ringpull");
        assertThat(at(subsystem + "/namespaces/1/device_path")).isEqualTo("/proc/self/fd/7");
        assertThat(at(subsystem + "/namespaces/1/device_uuid")).isEqualTo(NAME.toString());
        assertThat(at(subsystem + "/namespaces/1/buffered_io")).isEqualTo("1");
        assertThat(at(subsystem + "/namespaces/1/enable")).isEqualTo("1");
        assertThat(at(host + "/dhchap_key")).startsWith("DHHC-1:00:");
        assertThat(Files.readSymbolicLink(
                        root.resolve(subsystem + "/allowed_hosts").resolve(SESSION.host())))
                .isEqualTo(root.resolve(host));
        assertThat(at("ports/21070/addr_trtype") + " " + at("ports/21070/addr_adrfam") + " "
                        + at("ports/21070/addr_traddr") + " " + at("ports/21070/addr_trsvcid"))
                .isEqualTo("tcp ipv4 10.0.0.1 4420");
        assertThat(Files.readSymbolicLink(port.resolve("subsystems").resolve(SESSION.subsystem())))
                .isEqualTo(root.resolve(subsystem));
    }

    @Test
    void readersShareNothing() throws IOException {
        Path port = nvmet.port(ENDPOINT);
        nvmet.admit(port, SESSION, KEY);
        nvmet.admit(port, OTHER, KEY);
        nvmet.show(SESSION, 1, NAME, Path.of("/proc/self/fd/7"), true);

        Path others = root.resolve("subsystems").resolve(OTHER.subsystem());
        assertThat(others.resolve("namespaces/1")).doesNotExist();
        try (Stream<Path> allowed = Files.list(others.resolve("allowed_hosts"))) {
            assertThat(allowed)
                    .singleElement()
                    .satisfies(link -> assertThat(link.getFileName()).hasToString(OTHER.host()));
        }
    }

    @Test
    void nothingIsLeftWhenAReaderGoes() throws IOException {
        List<String> before = all();
        Path port = nvmet.port(ENDPOINT);
        nvmet.admit(port, SESSION, KEY);
        nvmet.show(SESSION, 1, NAME, Path.of("/proc/self/fd/7"), true);
        nvmet.show(SESSION, 2, UUID.randomUUID(), Path.of("/proc/self/fd/8"), false);
        nvmet.hide(SESSION, 1);

        nvmet.dismiss(SESSION);
        nvmet.dismiss(SESSION);
        nvmet.removePort(port);

        assertThat(all()).isEqualTo(before);
    }

    @Test
    void aSweepTakesOursAndLeavesTheRest() throws IOException {
        Files.createDirectories(root.resolve("subsystems/nqn.2014-08.org.example:disk/namespaces/1"));
        Files.createDirectories(root.resolve("hosts/nqn.2014-08.org.example:host"));
        Path theirs = Files.createDirectories(root.resolve("ports/1/subsystems"));
        Files.createSymbolicLink(
                theirs.resolve("nqn.2014-08.org.example:disk"),
                root.resolve("subsystems/nqn.2014-08.org.example:disk"));
        remove(root.resolve("hosts/nqn.2026-11.ringpull:reader-probe"));
        List<String> before = all();
        nvmet.admit(nvmet.port(ENDPOINT), SESSION, KEY);
        nvmet.show(SESSION, 1, NAME, Path.of("/proc/self/fd/7"), true);
        nvmet.port(ENDPOINT);

        new Nvmet(root, NvmetTest::remove).sweep();

        assertThat(all()).isEqualTo(before);
    }

    /** Its helper was killed, at any step of making or of taking away. */
    @Test
    void whateverIsLeftOfAReaderIsSwept() throws IOException {
        remove(root.resolve("hosts/nqn.2026-11.ringpull:reader-probe"));
        List<String> before = all();
        Path host = root.resolve("hosts").resolve(SESSION.host());
        Path subsystem = root.resolve("subsystems").resolve(SESSION.subsystem());
        Path port = root.resolve("ports/21070");
        int swept = 0;
        for (int parts = 1; parts < 1 << 6; parts++) {
            boolean allowed = (parts & 8) != 0;
            boolean listening = (parts & 16) != 0;
            boolean shown = (parts & 32) != 0;
            boolean hasHost = (parts & 1) != 0;
            boolean hasSubsystem = (parts & 2) != 0;
            boolean hasPort = (parts & 4) != 0;
            if ((allowed && !hasHost)
                    || (listening && !hasPort)
                    || ((allowed || listening || shown) && !hasSubsystem)) {
                continue; // the kernel has no such tree
            }
            for (Path made : new Path[] {
                hasHost ? host : root, hasSubsystem ? subsystem.resolve("allowed_hosts") : root,
                hasPort ? port.resolve("subsystems") : root, shown ? subsystem.resolve("namespaces/1") : root
            }) {
                Files.createDirectories(made);
            }
            if (allowed) {
                Files.createSymbolicLink(subsystem.resolve("allowed_hosts").resolve(SESSION.host()), host);
            }
            if (listening) {
                Files.createSymbolicLink(port.resolve("subsystems").resolve(SESSION.subsystem()), subsystem);
            }

            new Nvmet(root, NvmetTest::remove).sweep();

            assertThat(all()).as("parts %s", Integer.toBinaryString(parts)).isEqualTo(before);
            swept++;
        }
        assertThat(swept).isEqualTo(21);
    }

    @Test
    void aReaderWhoseFirstBlobCannotBeShownIsNotLetIn(@TempDir Path directory) throws IOException {
        Target target = new Target(nvmet, ENDPOINT);
        Path subsystem = Files.createDirectories(root.resolve("subsystems").resolve(SESSION.subsystem()));
        Files.createFile(subsystem.resolve("namespaces")); // so none can be made in it
        try (Descriptor file = Descriptor.create(directory.resolve("f"));
                FileChannel channel = file.channel()) {
            channel.write(ByteBuffer.wrap(new byte[4096]));
            assertThatThrownBy(() -> target.export(new Request.Export(SESSION, KEY, NAME), file))
                    .isInstanceOf(IOException.class);
            assertThat(subsystem).doesNotExist();
            assertThat(root.resolve("hosts").resolve(SESSION.host())).doesNotExist();

            target.export(new Request.Export(SESSION, KEY, NAME), file);
            assertThat(subsystem.resolve("namespaces/1")).exists();
        }
        target.close();
    }

    @Test
    void withoutTheTargetOrItsAuthenticationItSaysWhatIsMissing() throws IOException {
        nvmet.check();
        Files.createDirectories(root.resolve("hosts/nqn.2026-11.ringpull:reader-probe"));
        assertThatThrownBy(nvmet::check).hasMessageContaining("DH-HMAC-CHAP");
        remove(root.resolve("subsystems"));
        assertThatThrownBy(nvmet::check).hasMessageContaining("modprobe nvmet");
    }

    @Test
    void onlyWhatNobodyCanChangeOrItsOwnerMayIsShown(@TempDir Path directory) throws IOException {
        Target target = new Target(nvmet, ENDPOINT);
        Request.Export export = new Request.Export(SESSION, KEY, NAME);
        Path file = Files.write(directory.resolve("f"), new byte[4096]);

        try (Descriptor toRead = Descriptor.openDirect(file)) {
            assertThatThrownBy(() -> target.export(export, toRead)).hasMessageContaining("sealed");
        }
        try (Descriptor memory = Descriptor.inMemory("m");
                FileChannel channel = memory.channel()) {
            channel.write(ByteBuffer.wrap(new byte[4095]));
            assertThatThrownBy(() -> target.export(export, memory)).hasMessageContaining("4096");
            channel.write(ByteBuffer.wrap(new byte[1]));
            memory.seal();
            target.export(export, memory);
            assertThatThrownBy(() -> target.export(export, memory)).hasMessageContaining("shown already");
        }
        target.close();
        assertThat(root.resolve("subsystems").resolve(SESSION.subsystem())).doesNotExist();
        assertThat(Files.exists(root.resolve("ports/21070"), LinkOption.NOFOLLOW_LINKS))
                .isFalse();
    }
}
