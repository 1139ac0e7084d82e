package ringpull.e2e;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/**
 * A systemd of its own, as process 1 of a PID, mount and cgroup namespace, that knows the units that ship and hardly
 * anything else. They run under it with all that they say, sandbox included; only the program, the configuration and what
 * a test adds are the test's. Needs root.
 */
final class SystemdMachine implements AutoCloseable {
    private static final Path SHIPPED = Path.of(System.getProperty("ringpull.root", "."), "systemd");
    private static final Path MODPROBE = Path.of("/usr/lib/systemd/system/modprobe@.service");
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

    /**
     * Arguments: the directory, the jars' and the classes' roots, and whether it has devices of its own. What the sandbox hides is
     * seen under /mnt. With devices of its own, modprobe is the test's: this kernel's modules are not the machine's.
     */
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
        cp "$1/ringpull" /mnt/ringpull
        systemd-tmpfiles --create --prefix=/run --prefix=/var/lib "$1/tmpfiles.conf"
        if [ "$4" = own ]; then
          [ ! -e /sbin/modprobe ] || mount --bind "$1/modprobe" "$(readlink -f /sbin/modprobe)"
          mkdir /mnt/dev
          mount -t tmpfs -o mode=755 tmpfs /mnt/dev
          cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/ptmx /dev/console /mnt/dev
          mkdir /mnt/dev/pts /mnt/dev/shm
          mount --bind /dev/pts /mnt/dev/pts
          mount --move /mnt/dev /dev
        fi
        export container=ringpull-test SYSTEMD_UNIT_PATH=/run/units
        exec /lib/systemd/systemd --system --unit=default.target --log-target=console --show-status=no
        """;

    private final Path directory;
    private final String unit;
    private final String group;
    private final Process unshare;

    private SystemdMachine(Path directory, String unit, String group, Process unshare) {
        this.directory = directory;
        this.unit = unit;
        this.group = group;
        this.unshare = unshare;
    }

    /**
     * Boots, and waits until systemd answers; nothing of ours is started.
     *
     * @param unit of those that ship: which questions are about
     * @param settings more of its section Service
     */
    static SystemdMachine boot(Path directory, String unit, String settings) throws Exception {
        return boot(directory, unit, settings, "own");
    }

    /** The same with this kernel's devices and modules: in a guest, where it does no harm. */
    static SystemdMachine bootOnItsKernel(Path directory, String unit) throws Exception {
        return boot(directory, unit, "", "kernel");
    }

    private static SystemdMachine boot(Path directory, String unit, String settings, String devices) throws Exception {
        ClassPath classPath = ClassPath.ofThisProcess(directory.resolve("jars"));
        Path units = Files.createDirectories(directory.resolve("units"));
        for (String target : TARGETS) {
            Files.writeString(units.resolve(target + ".target"), "[Unit]\nDefaultDependencies=no\n");
        }
        for (String shipped : List.of("ringpull.service", "ringpull-helper.service")) {
            Files.writeString(
                    units.resolve(shipped),
                    Files.readString(SHIPPED.resolve(shipped))
                            .replace("/usr/lib/ringpull/", "/mnt/")
                            .replace("/etc/ringpull/", "/mnt/etc/"));
        }
        Files.writeString(
                units.resolve(MODPROBE.getFileName()),
                Files.readString(MODPROBE).replace("ConditionCapability=CAP_SYS_MODULE\n", ""));
        program(directory.resolve("modprobe"), "");
        program(directory.resolve("ringpull"), "exec " + classPath.java() + " ringpull.Main \"$@\"");
        Files.copy(SHIPPED.resolve("ringpull.tmpfiles.conf"), directory.resolve("tmpfiles.conf"));
        Files.writeString(
                Files.createDirectory(units.resolve(unit + ".d")).resolve("test.conf"), "[Service]\n" + settings);
        Files.createDirectory(directory.resolve("etc"));
        account(directory, "passwd", "ringpull:x:64055:64055::/nonexistent:/usr/sbin/nologin\n");
        account(directory, "group", "ringpull:x:64055:\n");
        String group = "ringpull-test-" + ProcessHandle.current().pid();
        List<String> command = new ArrayList<>(List.of("bash", "-c", ENTER, "enter", group));
        command.addAll(List.of("unshare", "--pid", "--mount", "--fork", "--mount-proc", "--cgroup", "--ipc", "--uts"));
        command.addAll(List.of("--kill-child", "bash", "-c", BOOT, "boot", directory.toString()));
        command.addAll(List.of(classPath.jars.toString(), classPath.classes.toString(), devices));
        Process unshare = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("systemd.log").toFile())
                .start();
        SystemdMachine machine = new SystemdMachine(directory, unit, group, unshare);
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

    private static void program(Path file, String script) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** What runs in place of modprobe from now on. */
    void modprobe(String script) throws IOException {
        Files.writeString(directory.resolve("modprobe"), "#!/bin/sh\n" + script + "\n");
    }

    private static void account(Path directory, String file, String line) throws IOException {
        Files.writeString(directory.resolve(file), Files.readString(Path.of("/etc", file)) + line);
    }

    /** The daemon's configuration from its next start on. */
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

    /** Sends a signal to the unit's main process. */
    void kill(String signal) throws IOException, InterruptedException {
        inside(List.of("kill", "-" + signal, property("MainPID")));
    }

    /** Runs a command in it, as root. */
    Ran inside(List<String> command) throws IOException, InterruptedException {
        OptionalLong systemd = systemd();
        if (systemd.isEmpty()) {
            return new Ran(-1, "systemd does not run");
        }
        List<String> all =
                new ArrayList<>(List.of("nsenter", "-t", "" + systemd.getAsLong(), "-m", "-p", "-C", "-i", "-u", "-r"));
        all.addAll(command);
        Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ran(process.waitFor(), said.strip());
    }

    private OptionalLong systemd() {
        return unshare.children().mapToLong(ProcessHandle::pid).findFirst();
    }

    /** Where this process sees a file of the machine's. */
    Path file(String absolute) {
        return Path.of("/proc/" + systemd().orElseThrow() + "/root" + absolute);
    }

    /** A property of the unit, as systemd says it. */
    String property(String name) throws IOException, InterruptedException {
        return systemctl("show", "--value", "-p", name, unit).said();
    }

    /** What systemd and its units wrote. */
    String log() throws IOException, InterruptedException {
        return Files.readString(directory.resolve("systemd.log"))
                + systemctl("show", "-p", "ActiveState,SubState,Result,StatusText,NRestarts", unit)
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
