package ringpull.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import ringpull.blob.ImageName;

/** {@code ringpull demo}. Exit codes: 0 if all went as it should, 1 if not, with the reason. */
@Command(
        name = "demo",
        description =
                "Starts three daemons, an origin that counts its bytes and a client on loopback; pulls an image on one"
                    + " node, then on the others at once; shows where the bytes came from; stops all of it. Needs no"
                    + " configuration and installs nothing.")
public final class Demo implements Callable<Integer> {
    private static final int SIZE_MAX_MIB = 16 << 10;

    /** Copies of the image on disk at the end: origin, three stores, three contents, three unpacked, and some room. */
    private static final int COPIES = 12;

    @Option(names = "--json", description = "Print the result as a line of JSON at the end.")
    private boolean json;

    @Option(
            names = "--image",
            paramLabel = "REF",
            description = "Pull this image from its registry instead of a sample image from an embedded one.")
    private @Nullable String image;

    @Option(
            names = "--size",
            paramLabel = "MIB",
            defaultValue = "64",
            description = "Size of the sample image in MiB; default ${DEFAULT-VALUE}.")
    private int sizeMib;

    @Option(names = "--keep", description = "Leave the directory with configurations, logs and contents behind.")
    private boolean keep;

    @Option(
            names = "--record",
            paramLabel = "FILE",
            hidden = true,
            description =
                    "Write an AOT cache of a daemon at work there, as ringpull train does; pulls with the built-in"
                            + " client.")
    private @Nullable Path record;

    private final Path temporary;
    private final AtomicBoolean interrupted = new AtomicBoolean();

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    public Demo() {
        this(Path.of(Optional.ofNullable(System.getenv("TMPDIR"))
                .filter(text -> !text.isEmpty())
                .orElse(System.getProperty("java.io.tmpdir"))));
    }

    /** @param temporary in which the demonstration makes its directory */
    Demo(Path temporary) {
        this.temporary = temporary;
    }

    @Override
    public Integer call() throws InterruptedException {
        if (sizeMib < 1 || sizeMib > SIZE_MAX_MIB) {
            throw usage("--size is from 1 to " + SIZE_MAX_MIB + " (MiB), not " + sizeMib);
        }
        Optional<ImageName> name = name();
        PrintWriter out = commandLine().getOut();
        Cleanup cleanup = new Cleanup();
        Thread stopAll = Thread.ofPlatform().name("stop-demo").unstarted(() -> {
            interrupted.set(true);
            cleanup.close();
            ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
        });
        Runtime.getRuntime().addShutdownHook(stopAll);
        try (cleanup) {
            return demonstrate(name, cleanup, line -> {
                synchronized (out) {
                    out.println(line);
                    out.flush();
                }
            });
        } catch (IOException | IllegalStateException e) {
            if (!interrupted.get()) {
                fail(String.valueOf(e.getMessage()));
            }
            return 1;
        } finally {
            forget(stopAll);
        }
    }

    private int demonstrate(Optional<ImageName> name, Cleanup cleanup, Consumer<String> progress)
            throws IOException, InterruptedException {
        Path directory = directory();
        cleanup.add(() -> leave(directory, progress));
        long bytes = (long) sizeMib << 20;
        long usable = Files.getFileStore(directory).getUsableSpace();
        if (name.isEmpty() && usable < COPIES * bytes) {
            throw new IOException("the demonstration needs " + DemoReport.size(COPIES * bytes) + " in "
                    + directory.getParent() + ", which has " + DemoReport.size(usable)
                    + ": take a smaller --size, or another directory in TMPDIR");
        }
        DemoOrigin origin = name.isPresent()
                ? DemoOrigin.real(name.get())
                : DemoOrigin.sample(directory.resolve("image"), bytes, cleanup);
        origin.counter()
                .ifPresent(registry -> progress.accept("the origin counts its bytes at " + registry.endpoint()));
        DemoRing ring = DemoRing.start(directory, origin, Optional.ofNullable(record), cleanup, progress);
        DemoReport report = new DemoRun(origin, ring, progress).run();
        report.table().forEach(progress);
        progress.accept("");
        progress.accept("the image has " + DemoReport.size(report.imageBytes()) + "; the origin sent "
                + DemoReport.size(report.originBytes()) + " in all");
        report.problems().forEach(this::fail);
        cleanup.close();
        if (json) {
            progress.accept(report.json());
        }
        return report.problems().isEmpty() ? 0 : 1;
    }

    private Optional<ImageName> name() {
        try {
            return Optional.ofNullable(image).map(ImageName::parse);
        } catch (IllegalArgumentException e) {
            throw usage("--image " + image + ": " + e.getMessage());
        }
    }

    private Path directory() throws IOException {
        try {
            return Files.createTempDirectory(temporary, "ringpull-demo-");
        } catch (IOException e) {
            throw new IOException("cannot make a directory in " + temporary + ", choose another in TMPDIR: " + e, e);
        }
    }

    private void leave(Path directory, Consumer<String> progress) {
        if (keep) {
            progress.accept("kept: " + directory);
            return;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            fail("could not remove " + directory + ": " + e.getMessage());
        }
    }

    private void fail(String reason) {
        PrintWriter err = commandLine().getErr();
        err.println("ringpull demo: " + reason);
        err.flush();
    }

    private CommandLine.ParameterException usage(String message) {
        return new CommandLine.ParameterException(commandLine(), message);
    }

    private CommandLine commandLine() {
        if (spec == null) {
            throw new IllegalStateException("picocli runs this command");
        }
        return spec.commandLine();
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The hook runs already: it does what is left to do.
        }
    }
}
