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

/** Drives skopeo with files of its own in one directory, never the system's. */
final class Skopeo {
    private static final Duration COPY_WAIT = Duration.ofMinutes(5);

    private final Path directory;

    /** @param directory exists; files of the runs go there */
    Skopeo(Path directory) {
        this.directory = directory;
    }

    /**
     * Pushes an image, all its platforms, from an OCI layout to a registry.
     *
     * @param tag the name in the layout
     * @param target {@code host:port/repository:tag}
     * @param options more of skopeo copy's: {@code --dest-tls-verify=false}, {@code --dest-creds=user:password},
     *     {@code --dest-cert-dir=…}
     */
    void push(Path layout, String tag, String target, String... options) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of("copy", "--all", "--preserve-digests"));
        arguments.addAll(List.of(options));
        arguments.addAll(List.of("oci:" + layout + ":" + tag, "docker://" + target));
        require(run(arguments));
    }

    /**
     * Copies an image for this host's platform to a new layout, through a mirror that is told the registry by path prefix, and
     * from the registry itself over plain HTTP where the mirror has no manifest.
     *
     * @param origin where the registry really is
     * @param to the new layout
     * @return what skopeo said; its exit code is 0 if the copy is complete
     */
    Programs.Outcome copyThroughMirror(ImageName image, URI mirror, URI origin, Path to)
            throws IOException, InterruptedException {
        Path conf = RegistriesConf.write(directory, image.repository().registry(), mirror, origin);
        return run(List.of("--registries-conf", conf.toString(), "copy", "docker://" + image, "oci:" + to + ":copy"));
    }

    private Programs.Outcome run(List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("env", "HOME=" + directory));
        command.addAll(List.of("skopeo", "--insecure-policy"));
        command.addAll(arguments);
        return Programs.run(Files.createTempFile(directory, "skopeo", ".out"), COPY_WAIT, command);
    }

    private static void require(Programs.Outcome outcome) throws IOException {
        if (outcome.exit() != 0) {
            throw new IOException("skopeo failed with exit code " + outcome.exit() + ":\n" + outcome.output());
        }
    }
}
