package ringpull.doctor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import ringpull.config.Config;
import ringpull.helper.HelperClient;
import ringpull.os.CpuPressure;
import ringpull.os.FileSystem;

/**
 * What NVMe over Fabrics needs of this host: kernel modules, configfs, the helper, and a file system whose files can be
 * shown. For one thread.
 */
final class NvmeofHost {
    private static final Duration HELPER_WAIT = Duration.ofSeconds(10);
    private static final Pattern AVAILABLE = Pattern.compile("MemAvailable: +(\\d{1,15}) kB");
    private static final String GUIDE = "see docs/nvmeof.md: kernel, modules and helper";

    private final Config.Nvmeof settings;
    private final Path socket;
    private final Path state;
    private final Path root;
    private final Helper helper;
    private final List<Finding> findings = new ArrayList<>();

    /** Asks the helper what this kernel can do. */
    @FunctionalInterface
    interface Helper {
        HelperClient.Abilities ask(Path socket) throws IOException;
    }

    /**
     * @param socket the helper's
     * @param state the daemon's directory
     * @param root {@code /} but for tests
     */
    NvmeofHost(Config.Nvmeof settings, Path socket, Path state, Path root, Helper helper) {
        this.settings = settings;
        this.socket = socket;
        this.state = state;
        this.root = root;
        this.helper = helper;
    }

    static HelperClient.Abilities askHelper(Path socket) throws IOException {
        try (HelperClient client = HelperClient.connect(socket)) {
            return client.probe(HELPER_WAIT);
        }
    }

    boolean isWanted() {
        return settings.enabled();
    }

    /** In the order in which a reader would mend them. */
    List<Finding> examine() throws IOException {
        if (!settings.enabled()) {
            findings.add(Finding.ok("[nvmeof] enabled", "false: blobs are neither shown nor read as disks"));
            return findings;
        }
        String fabric = settings.fabric().name().toLowerCase(Locale.ROOT);
        findings.add(Finding.ok("[nvmeof] enabled", "true, over " + fabric + " port " + settings.port()));
        configfs();
        modules(fabric);
        helper();
        files();
        memory();
        processors();
        return findings;
    }

    private void configfs() {
        if (read("proc/mounts").lines().anyMatch(line -> line.contains(" configfs "))) {
            findings.add(Finding.ok("configfs", "mounted"));
        } else {
            findings.add(Finding.note(
                    "configfs",
                    "not mounted: this node cannot show blobs",
                    "mount -t configfs none /sys/kernel/config"));
        }
    }

    private void modules(String fabric) {
        module("nvmet", root.resolve("sys/kernel/config/nvmet"), "show blobs");
        module("nvmet-" + fabric, root.resolve("sys/module/nvmet_" + fabric), "show blobs");
        module("nvme-fabrics", root.resolve("dev/nvme-fabrics"), "read from others");
        module("nvme-" + fabric, root.resolve("sys/module/nvme_" + fabric), "read from others");
    }

    /** @param sign what is there where the module works */
    private void module(String name, Path sign, String purpose) {
        Path modules = root.resolve("lib/modules").resolve(release());
        Pattern file = Pattern.compile("(?m)/" + name.replace("-", "[-_]") + "\\.ko");
        if (Files.exists(sign)) {
            findings.add(Finding.ok(name, "there"));
        } else if (contains(modules.resolve("modules.builtin"), file)) {
            findings.add(Finding.ok(name, "built in"));
        } else if (contains(modules.resolve("modules.dep"), file)) {
            findings.add(Finding.note(
                    name,
                    "not loaded: this node cannot " + purpose,
                    "modprobe " + name + ", then restart ringpull-helper and ringpull"));
        } else {
            findings.add(Finding.note(
                    name, "not found in " + modules + ": unless built in, this node cannot " + purpose, GUIDE));
        }
    }

    private String release() {
        String release = read("proc/sys/kernel/osrelease").strip();
        return release.isEmpty() ? "unknown" : release;
    }

    /** It alone can try whether the kernel knows DH-HMAC-CHAP. */
    private void helper() {
        HelperClient.Abilities abilities;
        try {
            abilities = helper.ask(socket);
        } catch (IOException e) {
            findings.add(Finding.bad(
                    "helper",
                    String.valueOf(e.getMessage()),
                    "systemctl enable --now ringpull-helper; ask as root or as the daemon's user"));
            return;
        }
        findings.add(Finding.ok("helper", "answers at " + socket));
        ability("showing blobs", abilities.targetProblem());
        ability("reading from others", abilities.hostProblem());
    }

    private void ability(String subject, String problem) {
        findings.add(
                problem.isEmpty()
                        ? Finding.ok(subject, "the kernel can, with DH-HMAC-CHAP")
                        : Finding.bad(subject, problem, GUIDE));
    }

    private void files() throws IOException {
        Path there = state;
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        String type = FileSystem.typeOf(there);
        String subject = "file system of " + state;
        if (FileSystem.isOverlay(there)) {
            findings.add(memoryOnly(
                    subject,
                    "overlayfs, of which the kernel shows disks of size 0: its files are never shown",
                    "put [node] state on a volume: XFS made with reflink=1, or Btrfs"));
        } else if (type.equals("xfs") || type.equals("btrfs")) {
            findings.add(Finding.ok(
                    subject, type + ": copies share blocks" + (type.equals("xfs") ? ", if made with reflink=1" : "")));
        } else {
            findings.add(memoryOnly(
                    subject,
                    type + ": its files cannot share blocks, so copies are made in memory",
                    "XFS with reflinks, or Btrfs, makes copies for nothing"));
        }
    }

    /** Without memory for copies there is nothing to show. */
    private Finding memoryOnly(String subject, String text, String advice) {
        return settings.memoryBytes() > 0
                ? Finding.note(subject, text, advice)
                : Finding.bad(subject, text + "; and [nvmeof] memory is 0", advice);
    }

    private void memory() {
        Matcher line = AVAILABLE.matcher(read("proc/meminfo"));
        long available = line.find() ? Long.parseLong(line.group(1)) << 10 : Long.MAX_VALUE;
        String text = "[nvmeof] memory is " + (settings.memoryBytes() >> 20) + " MiB";
        findings.add(
                settings.memoryBytes() <= available
                        ? Finding.ok("memory for copies", text)
                        : Finding.note(
                                "memory for copies",
                                text + ", and only " + (available >> 20) + " MiB are available",
                                "lower [nvmeof] memory"));
    }

    /** What it tells readers that could take RDMA as well. */
    private void processors() {
        CpuPressure pressure = new CpuPressure(root.resolve("proc/pressure/cpu"));
        OptionalDouble waiting = pressure.waiting();
        String text = waiting.isEmpty()
                ? "the kernel does not tell whether programs wait for one (psi=1 at its start)"
                : "programs waited for one in " + Math.round(100 * waiting.getAsDouble()) + " % of the last 10 s";
        String first = pressure.isHigh() ? "this way" : "RDMA";
        findings.add(Finding.ok("CPUs", text + ": readers with RDMA, too, take " + first + " first"));
    }

    private static boolean contains(Path file, Pattern what) {
        try {
            return what.matcher(Files.readString(file, StandardCharsets.ISO_8859_1))
                    .find();
        } catch (IOException e) {
            return false;
        }
    }

    /** Empty if it cannot be read. */
    private String read(String file) {
        try {
            return Files.readString(root.resolve(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
