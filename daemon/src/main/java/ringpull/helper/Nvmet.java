package ringpull.helper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel's NVMe target, driven through its directory in configfs: a subsystem for each reader, which nobody else may
 * connect to; in it a namespace for each file that the reader may see. For one thread at a time.
 */
final class Nvmet {
    static final Path KERNEL = Path.of("/sys/kernel/config/nvmet");

    private static final Logger log = LoggerFactory.getLogger(Nvmet.class);

    /** Directories of ports are numbers; ours are these, so that a later helper knows them. */
    private static final int FIRST_PORT = 21_070;

    private static final int PORTS = 16;

    private final Path root;
    private final Removal removal;

    /** Removes a directory with the attributes that the kernel put there. */
    interface Removal {
        void remove(Path directory) throws IOException;
    }

    Nvmet() {
        this(KERNEL, Files::delete);
    }

    Nvmet(Path root, Removal removal) {
        this.root = root;
        this.removal = removal;
    }

    /** @throws IOException with a sentence, if this kernel cannot be a target that knows its readers */
    void check() throws IOException {
        if (!Files.isDirectory(root.resolve("subsystems"))) {
            throw new IOException("no " + root + ": the kernel has no NVMe target (modprobe nvmet)");
        }
        Path host = Files.createDirectories(root.resolve("hosts").resolve(Names.HOST + "probe"));
        try {
            if (!Files.exists(host.resolve("dhchap_key"))) {
                throw new IOException("the kernel's NVMe target knows no DH-HMAC-CHAP (CONFIG_NVME_TARGET_AUTH)");
            }
        } finally {
            removal.remove(host);
        }
    }

    /**
     * Makes a port, which listens from its first reader on.
     *
     * @return its directory
     */
    Path port(Endpoint endpoint) throws IOException {
        for (int number = FIRST_PORT; number < FIRST_PORT + PORTS; number++) {
            Path port = root.resolve("ports").resolve(Integer.toString(number));
            if (Files.exists(port)) {
                continue;
            }
            Files.createDirectories(port);
            try {
                KernelFiles.write(port.resolve("addr_trtype"), endpoint.fabric().word());
                KernelFiles.write(port.resolve("addr_adrfam"), endpoint.family());
                KernelFiles.write(port.resolve("addr_traddr"), endpoint.host());
                KernelFiles.write(port.resolve("addr_trsvcid"), Integer.toString(endpoint.port()));
                return port;
            } catch (IOException e) {
                removal.remove(port);
                throw e;
            }
        }
        throw new IOException("all " + PORTS + " NVMe ports of ringpull are taken on this host");
    }

    void removePort(Path port) throws IOException {
        removal.remove(port);
    }

    /** Lets a reader connect to a subsystem of its own, if it knows the key. */
    void admit(Path port, Request.Session session, Request.Key key) throws IOException {
        Path host = Files.createDirectories(host(session));
        Path subsystem = Files.createDirectories(subsystem(session));
        try {
            KernelFiles.write(host.resolve("dhchap_key"), Names.secret(key));
            KernelFiles.write(subsystem.resolve("attr_allow_any_host"), "0");
            KernelFiles.write(subsystem.resolve("attr_model"), Names.MODEL);
            KernelFiles.link(subsystem.resolve("allowed_hosts").resolve(session.host()), host);
            KernelFiles.link(port.resolve("subsystems").resolve(session.subsystem()), subsystem);
        } catch (IOException e) {
            dismiss(session);
            throw e;
        }
    }

    /**
     * Shows a file.
     *
     * @param number of the namespace in its subsystem, from 1
     * @param file what the kernel opens, for this process
     * @param inMemory all of it is in the page cache, for good. Of a file on disk reads go past it: where a read finds only its
     *     first pages there, the kernel's target takes that for a failure
     */
    void show(Request.Session session, int number, UUID name, Path file, boolean inMemory) throws IOException {
        Path namespace = Files.createDirectories(namespace(session, number));
        try {
            KernelFiles.write(namespace.resolve("device_path"), file.toString());
            KernelFiles.write(namespace.resolve("buffered_io"), inMemory ? "1" : "0");
            KernelFiles.write(namespace.resolve("device_uuid"), name.toString());
            KernelFiles.write(namespace.resolve("enable"), "1");
        } catch (IOException e) {
            removal.remove(namespace);
            throw e;
        }
    }

    void hide(Request.Session session, int number) throws IOException {
        removal.remove(namespace(session, number));
    }

    /** Takes a reader's subsystem away with all that is in it; what is not there is no failure. */
    void dismiss(Request.Session session) throws IOException {
        removeSubsystem(subsystem(session));
        Path host = host(session);
        if (Files.exists(host)) {
            removal.remove(host);
        }
    }

    private void removeSubsystem(Path subsystem) throws IOException {
        if (!Files.exists(subsystem)) {
            return;
        }
        for (Path port : KernelFiles.in(root.resolve("ports"), "*")) {
            Files.deleteIfExists(port.resolve("subsystems").resolve(String.valueOf(subsystem.getFileName())));
        }
        for (Path namespace : KernelFiles.in(subsystem.resolve("namespaces"), "*")) {
            removal.remove(namespace);
        }
        for (Path allowed : KernelFiles.in(subsystem.resolve("allowed_hosts"), "*")) {
            Files.delete(allowed);
        }
        removal.remove(subsystem);
    }

    /** Removes all that is ours, whoever made it: nothing else in the kernel's directory is touched. */
    void sweep() throws IOException {
        if (!Files.isDirectory(root)) {
            return;
        }
        int found = 0;
        for (Path subsystem : KernelFiles.in(root.resolve("subsystems"), Names.SUBSYSTEM + "*")) {
            removeSubsystem(subsystem);
            found++;
        }
        for (Path host : KernelFiles.in(root.resolve("hosts"), Names.HOST + "*")) {
            removal.remove(host);
            found++;
        }
        for (int number = FIRST_PORT; number < FIRST_PORT + PORTS; number++) {
            Path port = root.resolve("ports").resolve(Integer.toString(number));
            if (Files.exists(port)) {
                removal.remove(port);
                found++;
            }
        }
        if (found > 0) {
            log.info("removed {} subsystems, hosts and ports that an earlier helper left", found);
        }
    }

    private Path subsystem(Request.Session session) {
        return root.resolve("subsystems").resolve(session.subsystem());
    }

    private Path host(Request.Session session) {
        return root.resolve("hosts").resolve(session.host());
    }

    private Path namespace(Request.Session session, int number) {
        return subsystem(session).resolve("namespaces").resolve(Integer.toString(number));
    }
}
