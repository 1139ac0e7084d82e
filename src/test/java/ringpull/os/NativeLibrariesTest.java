package ringpull.os;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.epoll.Epoll;
import io.netty.handler.ssl.OpenSsl;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;
import ringpull.store.rocksdb.RocksBlobStore;

/** A hardened host: nothing in the temporary directory may be executed. */
class NativeLibrariesTest {
    @TempDir
    Path directory;

    @Test
    void noLibraryNeedsATemporaryDirectoryThatItMayExecuteFrom() throws IOException, InterruptedException {
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        Path state = Files.createDirectory(directory.resolve("state"));
        try (TestMount _ = TestMount.tmpfs(temporary, "size=64m,noexec")) {
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx256m"));
            command.add("-Djava.io.tmpdir=" + temporary);
            command.addAll(List.of("-cp", System.getProperty("java.class.path")));
            command.addAll(List.of(Program.class.getName(), state.toString()));
            Process program =
                    new ProcessBuilder(command).redirectErrorStream(true).start();

            String said = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(program.waitFor()).as(said).isZero();
            assertThat(said).doesNotContain("WARN");
        }
    }

    /** Uses every library that brings native code. */
    static final class Program {
        private Program() {}

        public static void main(String[] arguments) throws IOException {
            Path state = Path.of(arguments[0]);
            NativeLibraries.unpackTo(state);
            Disk.prepare();
            Epoll.ensureAvailability();
            OpenSsl.ensureAvailability();
            Config.Store room = new Config.Store(new Config.Room.Share(1), new Config.Room.Bytes(0));
            RocksBlobStore.open(state, room, InstantSource.system()).close();
        }
    }
}
