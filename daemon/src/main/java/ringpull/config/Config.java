package ringpull.config;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The configuration file as values; one record a table. {@code systemd/ringpull.toml} says what each key means. */
public record Config(
        Node node,
        Peer peer,
        Ring ring,
        Store store,
        Mirror mirror,
        List<Registry> registries,
        Handoff handoff,
        Limits limits,
        Helper helper,
        Nvmeof nvmeof,
        Metrics metrics,
        Log log) {
    public Config {
        registries = List.copyOf(registries);
    }

    /**
     * @param name for people; default the host name
     * @param state directory of blobs, index and identity
     * @param controlSocket Unix socket of the command line
     * @param stopGrace how long running answers may go on after SIGTERM
     */
    public record Node(String name, Path state, Path controlSocket, String rack, String zone, Duration stopGrace) {}

    /**
     * @param address an IP address, an interface's name or a CIDR; empty: the source address of the route to the first
     *     seed, or loopback where there are no seeds
     * @param tls certificate, key and CA for both peer ports; all three or none
     * @param insecure allows peer ports beyond loopback without certificates
     * @param data how the data port speaks where there are certificates; without them it is plain
     * @param io how the data port meets the kernel
     */
    public record Peer(
            Optional<String> address,
            int controlPort,
            int dataPort,
            Optional<Tls> tls,
            boolean insecure,
            Data data,
            Io io,
            Rdma rdma) {
        /** Without RDMA. */
        public Peer(
                Optional<String> address,
                int controlPort,
                int dataPort,
                Optional<Tls> tls,
                boolean insecure,
                Data data,
                Io io) {
            this(address, controlPort, dataPort, tls, insecure, data, io, Rdma.NONE);
        }
    }

    /**
     * @param addresses of RDMA devices, written as {@link Peer#address} is; none: no RDMA
     * @param port where readers connect, in RDMA's own space
     * @param memoryBytes the most that is pinned
     * @param patience how long the fabric may take to connect, or for one operation, before TCP takes over
     * @param spin the most that a thread looks for completions before it sleeps; zero: not at all
     */
    public record Rdma(List<String> addresses, int port, long memoryBytes, Duration patience, Duration spin) {
        static final int PORT = 7749;
        static final long MEMORY_BYTES = 256L << 20;
        static final Duration PATIENCE = Duration.ofSeconds(1);

        /** As where nothing is configured. */
        public static final Rdma NONE = new Rdma(List.of(), PORT, MEMORY_BYTES, PATIENCE, Duration.ZERO);

        public Rdma {
            addresses = List.copyOf(addresses);
        }

        public boolean wanted() {
            return !addresses.isEmpty();
        }
    }

    /** What the network between members may see of the bytes of blobs: nothing, or all. */
    public enum Data {
        TLS,
        PLAIN
    }

    /**
     * PEM files.
     *
     * @param revoked fingerprints of certificates that count no more
     */
    public record Tls(Path cert, Path key, Path ca, Optional<Path> revoked) {
        public Tls(Path cert, Path key, Path ca) {
            this(cert, key, ca, Optional.empty());
        }
    }

    /** Netty's ways to the kernel; {@code AUTO} takes what the benchmarks favour and this host has. */
    public enum Io {
        AUTO,
        EPOLL,
        IO_URING,
        NIO
    }

    /**
     * @param cluster rings with different names never mix
     * @param seeds {@code host:port} or {@code host}, where a name with several addresses stands for all of them; or
     *     {@code file:/path} with such a seed a line, or {@code srv:_service._tcp.domain}
     * @param announce whom this node tells what it holds
     * @param weight this node's share in the rendezvous order; 0 to 100
     */
    public record Ring(String cluster, List<String> seeds, Announce announce, int weight) {
        public Ring {
            seeds = List.copyOf(seeds);
        }

        /** Announces to the whole cluster, with weight 1. */
        public Ring(String cluster, List<String> seeds) {
            this(cluster, seeds, Announce.CLUSTER, 1);
        }
    }

    /** Whom a node tells what it holds: all members, or those of its zone. */
    public enum Announce {
        CLUSTER,
        ZONE
    }

    /**
     * @param quota the most that blobs may take
     * @param minFree what is always left free on the file system
     * @param scrub within what time everything on disk is proven again; zero: never
     */
    public record Store(Room quota, Room minFree, Duration scrub) {
        /** Without scrubbing. */
        public Store(Room quota, Room minFree) {
            this(quota, minFree, Duration.ZERO);
        }
    }

    /** An amount of disk: bytes, or a share of the file system's size (0 to 1). */
    public sealed interface Room {
        record Bytes(long bytes) implements Room {}

        record Share(double share) implements Room {}

        /** The amount on a file system of this size. */
        default long of(long fileSystemBytes) {
            return switch (this) {
                case Bytes(long bytes) -> bytes;
                case Share(double share) -> (long) (share * fileSystemBytes);
            };
        }
    }

    /** @param tagStaleMax how old a record may be that answers for a tag while its origin cannot be reached */
    public record Mirror(String address, int port, Duration tagStaleMax) {}

    /**
     * A registry that the configuration names. Only such a one may be on a private address or be spoken to without TLS.
     *
     * <p>Redirects may lead it to a private address too, or to plain HTTP, but only to a host that some registry in the
     * configuration names: give storage inside the site a table of its own.
     *
     * @param name as image references write it
     * @param endpoints base URLs in the order in which they are tried; default {@code https://<name>}
     * @param ca PEM file of the authorities to trust for these endpoints, in place of the system's
     * @param tokenRealm the one token server, besides the endpoints' own hosts, that may see the credential
     */
    public record Registry(
            String name,
            List<URI> endpoints,
            Optional<Credential> credential,
            Optional<Path> dockerConfig,
            Optional<Path> ca,
            Optional<URI> tokenRealm) {
        public Registry {
            endpoints = List.copyOf(endpoints);
        }
    }

    /** A user and password; never printed. */
    public record Credential(String username, String password) {
        @Override
        public String toString() {
            return "Credential[" + username + ", …]";
        }
    }

    /**
     * @param mode when bytes may leave
     * @param headerWait longest wait before the client gets headers or 404
     * @param bodyWait longest time without a byte while a proof is pending; then a piece comes from the origin, or FIN, and
     *     404 on the resume
     */
    public record Handoff(HandoffMode mode, Duration headerWait, Duration bodyWait) {
        /** With the default mode. */
        public Handoff(Duration headerWait, Duration bodyWait) {
            this(HandoffMode.AUTO, headerWait, bodyWait);
        }
    }

    /** When bytes of a blob that is still arriving may go to a client. */
    public enum HandoffMode {
        /** As {@link #STREAMING} as far as that is possible here. */
        AUTO,
        /** Once they came from an origin over TLS, or two members on different hosts say what they are; never the last chunk. */
        STREAMING,
        /** Once the whole is proven. */
        VERIFIED
    }

    /**
     * Bytes a second; 0: no limit.
     *
     * @param upload to other members
     * @param download from other members
     * @param origin from registries
     */
    public record Limits(long upload, long download, long origin) {}

    /** The process with root's rights, where one runs: at this Unix socket. */
    public record Helper(Path socket) {}

    /**
     * Blobs as disks, from kernel to kernel.
     *
     * @param enabled shows blobs to other members so, and reads theirs, where this host can
     * @param fabric what carries the commands
     * @param port where this host's kernel listens for readers
     * @param memoryBytes of copies in memory, where the store's file system cannot share blocks between files
     */
    public record Nvmeof(boolean enabled, Fabric fabric, int port, long memoryBytes) {}

    /** What carries NVMe commands between hosts. */
    public enum Fabric {
        TCP,
        RDMA
    }

    public record Metrics(String address, int port) {}

    /** @param level {@code error}, {@code warn}, {@code info} or {@code debug} */
    public record Log(String level) {}
}
