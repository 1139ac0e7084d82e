package ringpull.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/**
 * A systemd of its own, as process 1 of a PID, mount and cgroup namespace, that knows the unit that ships and hardly
 * anything else. The daemon runs under it with all that the unit says, sandbox included; only its program, its
 * configuration and the watchdog's time are the test's. Needs root.
 */
final class SystemdMachine implements AutoCloseable {
    private static final Path UNIT = Path.of(System.getProperty("ringpull.root", "."), "systemd/ringpull.service");
    private static final Duration CEILING = Duration.ofSeconds(90);

    /** What the unit refers to, and systemd wants to have. */
    private static final List<String> TARGETS = List.of(
            "default", "sysinit", "basic", "network-online", "multi-user", "shutdown", "umount", "final", "exit");

    /** Control groups of its own, so that they can be removed. Arguments: their name, then the rest of the command line. */
    private static final String ENTER = """
        name=$1; shift
        while IFS=: read -r _ controllers path; do
          case $controllers in
            '') at=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts) ;;
            *) at=/sys/fs/cgroup/${controllers#name=} ;;
          esac
          mkdir -p "$at$path/$name" && echo $$ > "$at$path/$name/cgroup.procs"
        done < /proc/self/cgroup 2> /dev/null
        exec "$@"
        """;

    private static final String LEAVE = """
        for try in $(seq 200); do
          find /sys/fs/cgroup -depth -type d -path "*/$1*" -exec rmdir {} + 2> /dev/null
          find /sys/fs/cgroup -name "$1" | grep -q . || exit 0
          sleep 0.1 # the last processes are on their way out
        done
        exit 1
        """;

    /** Arguments: the directory, the jars' and the classes' roots. What the sandbox hides is seen under /mnt. */
    private static final String BOOT = """
        set -e
        mount --make-rprivate /
        mount -t tmpfs -o mode=755 tmpfs /run
        mount -t tmpfs -o mode=755 tmpfs /var/lib
        mount -t tmpfs -o mode=755 tmpfs /mnt
        mkdir /mnt/etc /mnt/jars /mnt/classes
        mount --bind "$1/etc" /mnt/etc
        mount --bind "$2" /mnt/jars
        mount --bind "$3" /mnt/classes
        mount --bind "$1/passwd" /etc/passwd
        mount --bind "$1/group" /etc/group
        cp -r "$1/units" /run/units
        export container=ringpull-test SYSTEMD_UNIT_PATH=/run/units
        exec /lib/systemd/systemd --system --unit=default.target --log-target=console --show-status=no
        """;

    private final Path directory;
    private final String group;
    private final Process unshare;

    private SystemdMachine(Path directory, String group, Process unshare) {
        this.directory = directory;
        this.group = group;
        this.unshare = unshare;
    }

    /** Boots, and waits until systemd answers; the daemon is not started. */
    static SystemdMachine boot(Path directory, int watchdogSeconds) throws Exception {
        ClassPath classPath = ClassPath.ofThisProcess(directory.resolve("jars"));
        Path units = Files.createDirectories(directory.resolve("units"));
        for (String target : TARGETS) {
            Files.writeString(units.resolve(target + ".target"), "[Unit]\nDefaultDependencies=no\n");
        }
        Files.copy(UNIT, units.resolve("ringpull.service"));
        String daemon = classPath.java() + " ringpull.Main daemon --config /mnt/etc/ringpull.toml";
        Files.writeString(
                Files.createDirectory(units.resolve("ringpull.service.d")).resolve("test.conf"),
                "[Service]\nExecStart=\nExecStart=" + daemon + "\nWatchdogSec=" + watchdogSeconds + "\n");
        Files.createDirectory(directory.resolve("etc"));
        account(directory, "passwd", "ringpull:x:64055:64055::/nonexistent:/usr/sbin/nologin\n");
        account(directory, "group", "ringpull:x:64055:\n");
        String group = "ringpull-test-" + ProcessHandle.current().pid();
        List<String> command = new ArrayList<>(List.of("bash", "-c", ENTER, "enter", group));
        command.addAll(List.of("unshare", "--pid", "--mount", "--fork", "--mount-proc", "--cgroup", "--ipc", "--uts"));
        command.addAll(List.of("--kill-child", "bash", "-c", BOOT, "boot", directory.toString()));
        command.addAll(List.of(classPath.jars.toString(), classPath.classes.toString()));
        Process unshare = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("systemd.log").toFile())
                .start();
        SystemdMachine machine = new SystemdMachine(directory, group, unshare);
        try {
            machine.await(
                    "systemd answers",
                    () -> machine.systemctl("show", "-p", "Version").code() == 0);
            return machine;
        } catch (Exception | AssertionError e) {
            machine.close();
            throw e;
        }
    }

    private static void account(Path directory, String file, String line) throws IOException {
        Files.writeString(directory.resolve(file), Files.readString(Path.of("/etc", file)) + line);
    }

    /** Takes effect when the daemon starts the next time. */
    void configure(String toml) throws IOException {
        Files.writeString(directory.resolve("etc/ringpull.toml"), toml);
    }

    void await(String what, Callable<Boolean> condition) throws Exception {
        long start = System.nanoTime();
        while (!condition.call()) {
            if (!unshare.isAlive() || System.nanoTime() - start > CEILING.toNanos()) {
                throw new AssertionError("still not: " + what + "\n" + log());
            }
            Thread.sleep(50);
        }
    }

    /** How a command ended, and what it said. */
    record Ran(int code, String said) {}

    Ran systemctl(String... arguments) throws IOException, InterruptedException {
        return inside(Stream.concat(Stream.of("systemctl", "--no-pager"), Stream.of(arguments))
                .toList());
    }

    /** Sends a signal to the daemon's main process. */
    void kill(String signal) throws IOException, InterruptedException {
        inside(List.of("kill", "-" + signal, property("MainPID")));
    }

    private Ran inside(List<String> command) throws IOException, InterruptedException {
        long systemd = unshare.children().map(ProcessHandle::pid).findFirst().orElse(-1L);
        if (systemd < 0) {
            return new Ran(-1, "systemd does not run");
        }
        List<String> all = new ArrayList<>(List.of("nsenter", "-t", "" + systemd, "-m", "-p", "-C", "-i", "-u"));
        all.addAll(command);
        Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ran(process.waitFor(), said.strip());
    }

    /** A property of the unit, as systemd says it. */
    String property(String name) throws IOException, InterruptedException {
        return systemctl("show", "--value", "-p", name, "ringpull.service").said();
    }

    /** What systemd and the daemon wrote. */
    String log() throws IOException, InterruptedException {
        return Files.readString(directory.resolve("systemd.log"))
                + systemctl("show", "-p", "ActiveState,SubState,Result,StatusText,NRestarts", "ringpull.service")
                        .said();
    }

    @Override
    public void close() throws IOException {
        unshare.destroyForcibly().onExit().join();
        Process leave = new ProcessBuilder("bash", "-c", LEAVE, "leave", group).start();
        leave.onExit().join();
        if (leave.exitValue() != 0) {
            throw new IOException("the control groups " + group + " stay behind");
        }
    }

    /** The classes and jars of this process, where the daemon's user can see them. */
    private record ClassPath(Path jars, Path classes, List<String> entries) {
        /** @param jars where copies go: the originals may lie below a home that is closed to others */
        static ClassPath ofThisProcess(Path jars) throws IOException {
            List<Path> originals = Stream.of(
                            System.getProperty("java.class.path").split(":"))
                    .map(entry -> Path.of(entry).toAbsolutePath().normalize())
                    .filter(Files::exists)
                    .toList();
            Path classes = root(originals.stream().filter(Files::isDirectory).toList());
            Files.createDirectories(jars);
            List<String> entries = new ArrayList<>();
            for (Path original : originals) {
                if (Files.isDirectory(original)) {
                    entries.add("/mnt/classes/" + classes.relativize(original));
                } else {
                    String name = entries.size() + "-" + original.getFileName();
                    Files.copy(original, jars.resolve(name));
                    entries.add("/mnt/jars/" + name);
                }
            }
            return new ClassPath(jars, classes, entries);
        }

        private static Path root(List<Path> paths) {
            Path first = paths.getFirst();
            for (int names = first.getNameCount() - 1; names > 0; names--) {
                Path root = Path.of("/").resolve(first.subpath(0, names));
                if (paths.stream().allMatch(path -> path.startsWith(root))) {
                    return root;
                }
            }
            return Path.of("/");
        }

        String java() {
            return Path.of(System.getProperty("java.home"), "bin", "java")
                    + " -XX:+UseSerialGC -Xmx256m --enable-native-access=ALL-UNNAMED -cp " + String.join(":", entries);
        }
    }
}
