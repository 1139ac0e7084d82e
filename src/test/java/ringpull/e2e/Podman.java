package ringpull.e2e;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import ringpull.blob.ImageName;
import ringpull.demo.Programs;

/** Drives podman with storage and configuration of its own in one directory, never the system's. Needs root. */
final class Podman {
    private static final Duration PULL_WAIT = Duration.ofMinutes(5);

    private final Path directory;

    /** @param directory exists */
    Podman(Path directory) {
        this.directory = directory;
    }

    /** Pulls an image through a mirror that its registries.conf names. */
    Programs.Outcome pullThroughMirror(ImageName image, URI mirror, URI origin)
            throws IOException, InterruptedException {
        Path conf = RegistriesConf.write(directory, image.repository().registry(), mirror, origin);
        Path policy = Files.writeString(
                directory.resolve("policy.json"), "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}");
        return run(conf, "pull", "--signature-policy", policy.toString(), image.toString());
    }

    /** The id of an image that was pulled: its config's digest, in hex. */
    String idOf(ImageName image) throws IOException, InterruptedException {
        return run(directory.resolve("none"), "image", "inspect", "--format", "{{.Id}}", image.toString())
                .output()
                .strip();
    }

    private Programs.Outcome run(Path conf, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("env", "HOME=" + directory, "TMPDIR=" + directory));
        command.add("CONTAINERS_REGISTRIES_CONF=" + conf);
        command.addAll(List.of("podman", "--storage-driver", "vfs", "--events-backend", "none"));
        command.addAll(List.of("--root", directory.resolve("root").toString()));
        command.addAll(List.of("--runroot", directory.resolve("run").toString()));
        command.addAll(List.of("--tmpdir", directory.resolve("tmp").toString()));
        command.addAll(List.of(arguments));
        return Programs.run(Files.createTempFile(directory, "podman", ".out"), PULL_WAIT, command);
    }
}
