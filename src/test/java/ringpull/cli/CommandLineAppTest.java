package ringpull.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Command;

/** What holds for every command, and the ones that ask no daemon. */
@Timeout(60)
class CommandLineAppTest {
    @TempDir
    Path directory;

    /** Entry of a child process. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) {
            System.exit(CommandLineApp.run(arguments, Ran.NO_STARTER));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--version", "--help"})
    void versionAndHelpLoadNoNetworkCode(String option) throws IOException {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xlog:class+load:stdout",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        option)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        List<String> lines;
        try (var reader = child.inputReader(StandardCharsets.UTF_8)) {
            lines = reader.lines().toList();
        }

        assertThat(lines).anyMatch(line -> line.contains("ringpull.cli.CommandLineApp "));
        assertThat(lines).anyMatch(line -> line.strip().startsWith("ringpull "));
        assertThat(lines).noneMatch(line -> line.contains(" io.grpc.") || line.contains(" io.netty."));
    }

    @Test
    void versionIsOneLine() {
        assertThat(Ran.of("--version"))
                .isEqualTo(new Ran(0, "ringpull " + CommandLineApp.version() + System.lineSeparator(), ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "daemon",
                "status",
                "members",
                "ring",
                "holders",
                "pull",
                "trace",
                "doctor",
                "helper",
                "setup",
                "repair",
                "setup containerd",
                "repair containerd",
                "pki",
                "pki init",
                "pki issue",
                "pki inspect"
            })
    void everyCommandHasAManual(String command) {
        List<String> arguments = new ArrayList<>(command.isEmpty() ? List.of() : List.of(command.split(" ")));
        arguments.add("--help");

        Ran ran = Ran.of(arguments.toArray(String[]::new));

        assertThat(ran.exitCode()).isZero();
        assertThat(ran.err()).isEmpty();
        assertThat(ran.out())
                .contains("Synopsis:", "Description:", "Options:", "Exit codes:", "Examples:")
                .contains("ringpull " + command)
                .contains("needs your hand")
                .doesNotContain("%n")
                .doesNotContain("${");
        assertThat(ran.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "status",
                "members",
                "ring",
                "holders",
                "pull",
                "trace",
                "doctor",
                "setup containerd",
                "repair containerd",
                "pki init",
                "pki issue",
                "pki inspect"
            })
    void everyAnswerHasItsKeysOfJsonInTheManual(String command) {
        List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
        arguments.add("--help");

        assertThat(Ran.of(arguments.toArray(String[]::new)).out())
                .contains("--json")
                .contains("Keys of --json");
    }

    @Test
    void wrongUsageSaysWhereToRead() {
        Ran unknownCommand = Ran.of("stauts");
        Ran unknownOption = Ran.of("status", "--jsno");
        Ran lacking = Ran.of("holders");
        Ran nothing = Ran.of();

        assertThat(List.of(unknownCommand, unknownOption, lacking, nothing)).allSatisfy(ran -> {
            assertThat(ran.exitCode()).isEqualTo(2);
            assertThat(ran.out()).isEmpty();
            assertThat(ran.err()).contains("See: ringpull");
        });
        assertThat(unknownCommand.err()).contains("status");
        assertThat(unknownOption.err()).contains("ringpull status --help");
        assertThat(lacking.err()).contains("DIGEST|IMAGE");
        assertThat(nothing.err()).contains("holders");
    }

    @Test
    void noSocketMeansNoDaemon() {
        Path socket = directory.resolve("none.sock");

        Ran ran = Ran.against(socket, "status");

        assertThat(ran.exitCode()).isEqualTo(4);
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err())
                .contains("no daemon")
                .contains(socket.toString())
                .contains("systemctl status ringpull")
                .contains("RINGPULL_SOCKET");
    }

    @Test
    void socketThatNobodyAnswersOnMeansNoDaemon() throws IOException {
        Path socket = directory.resolve("dead.sock");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket));
        }

        for (String command : List.of("status", "members")) {
            Ran ran = Ran.against(socket, command);

            assertThat(ran.exitCode()).isEqualTo(4);
            assertThat(ran.err()).contains("nobody answers on " + socket).contains("systemctl status ringpull");
        }
        assertThat(Ran.against(socket, "pull", "debian").exitCode()).isEqualTo(4);
    }

    @Test
    void tooLongAPathForASocketIsWrongUsage() {
        Ran ran = Ran.against(directory.resolve("x".repeat(120)), "status");

        assertThat(ran.exitCode()).isEqualTo(2);
        assertThat(ran.err()).contains("107 bytes");
    }

    @Test
    void daemonIsStartedWithItsFileAndItsExitCodePassedOn() {
        List<Optional<Path>> configs = new ArrayList<>();
        DaemonStarter starter = config -> {
            configs.add(config);
            return 7;
        };

        assertThat(Ran.of(starter, false, "daemon").exitCode()).isEqualTo(7);
        Ran.of(starter, false, "daemon", "--config", "/etc/x.toml");

        assertThat(configs).containsExactly(Optional.empty(), Optional.of(Path.of("/etc/x.toml")));
    }

    @Test
    void daemonThatCannotStartSaysWhyOnStandardError() {
        DaemonStarter starter = config -> {
            throw new IOException("port 7745 is taken by nginx (pid 12): change [mirror] port");
        };

        Ran ran = Ran.of(starter, false, "daemon");

        assertThat(ran)
                .isEqualTo(new Ran(
                        1,
                        "",
                        "ringpull: port 7745 is taken by nginx (pid 12): change [mirror] port"
                                + System.lineSeparator()));
    }

    @Test
    void setupPrintsWhatNeedsAHand(@TempDir Path directory) throws IOException {
        Path hosts = directory.resolve("certs.d");
        Path config = Files.writeString(directory.resolve("config.toml"), "version = 2\n");

        Ran ran = Ran.of(setup(hosts, config, "registry.example"));
        Ran json = Ran.of(setup(hosts, config, "registry.example", "--json"));

        assertThat(ran.exitCode()).isEqualTo(3);
        assertThat(ran.out())
                .contains("in place: " + hosts.resolve("registry.example/hosts.toml"))
                .contains("needs your hand: ")
                .contains("config_path = \"" + hosts + "\"");
        assertThat(json.exitCode()).isEqualTo(3);
        assertThat(json.json().at("/findings/0/problem").asText()).contains("config_path");
        assertThat(hosts.resolve("registry.example/hosts.toml")).content().contains("http://127.0.0.1:7745");
    }

    @Test
    void setupThatFindsNothingIsDone(@TempDir Path directory) throws IOException {
        Path hosts = directory.resolve("certs.d");
        Path config = Files.writeString(
                directory.resolve("config.toml"),
                "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"" + hosts + "\"\n");

        Ran ran = Ran.of(setup(hosts, config));

        assertThat(ran.exitCode()).isZero();
        assertThat(ran.out()).contains("containerd asks this node first");
        assertThat(hosts.resolve("_default/hosts.toml")).exists();
    }

    private static String[] setup(Path hosts, Path config, String... more) {
        List<String> arguments = new ArrayList<>(List.of("setup", "containerd", "--hosts-dir", hosts.toString()));
        arguments.addAll(List.of("--containerd-config", config.toString()));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    /** A command of another package. */
    @Command(name = "extra")
    static final class Extra implements Runnable {
        private boolean ran;

        @Override
        public void run() {
            ran = true;
        }
    }

    @Test
    void commandsOfOtherPackagesAreTakenIn() {
        Extra extra = new Extra();

        assertThat(CommandLineApp.run(new String[] {"extra"}, Ran.NO_STARTER, extra))
                .isZero();
        assertThat(extra.ran).isTrue();
    }
}
