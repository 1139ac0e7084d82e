package ringpull;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.demo.NodeProcess;

/** The launcher as it is installed: beside a jar, without sources. The jar is a small one of the test's own. */
class LauncherTest {
    private static final Path LAUNCHER = Path.of(System.getProperty("ringpull.root", "."), "ringpull");

    @TempDir
    private Path directory;

    private Path installed;

    @BeforeEach
    void install() throws IOException {
        installed = directory.resolve("with space");
        Files.createDirectories(installed.resolve("lib"));
        Files.copy(LAUNCHER, installed.resolve("ringpull"), StandardCopyOption.COPY_ATTRIBUTES);
        jar("first");
    }

    @Test
    void passesArgumentsAndExitCodeAndNothingElse() throws IOException, InterruptedException {
        Path link = Files.createSymbolicLink(directory.resolve("link"), installed.resolve("ringpull"));

        Ran ran = run(Map.of(), link, "a b", "", "--json");

        assertThat(ran).isEqualTo(new Ran(3, "first [a b, , --json]\n", ""));
    }

    @Test
    void boundsMemoryOfTheDaemon() throws IOException, InterruptedException {
        Ran ran = run(Map.of("RINGPULL_JAVA_OPTS", "-Dx=1 -Dy=2"), installed.resolve("ringpull"), "daemon");

        assertThat(ran.output())
                .contains("-Xmx", "-XX:MaxDirectMemorySize=", "-XX:+ExitOnOutOfMemoryError", "-Dx=1, -Dy=2");
        assertThat(NodeProcess.command(List.of()))
                .as("daemons of demonstrations, tests and benchmarks are as those of the launcher")
                .filteredOn(flag -> flag.startsWith("-X"))
                .hasSizeGreaterThan(5)
                .allSatisfy(flag -> assertThat(ran.output()).contains(flag));
    }

    /** A JVM that has a cache records none. */
    @Test
    void daemonsOfADemonstrationHaveTheCacheUnlessTheyRecordOne() throws IOException, InterruptedException {
        Path launcher = installed.resolve("ringpull");
        run(Map.of(), launcher, "train");
        for (Path cache : caches()) {
            Files.writeString(cache, "not empty");
        }

        assertThat(run(Map.of(), launcher, "demo", "--json").output()).contains("-Dringpull.daemon.cache=");
        for (List<String> record : List.of(List.of("--record", "x.aot"), List.of("--json", "--record=x.aot"))) {
            String[] arguments =
                    Stream.concat(Stream.of("demo"), record.stream()).toArray(String[]::new);
            assertThat(run(Map.of(), launcher, arguments).output())
                    .startsWith("first [demo")
                    .doesNotContain("-Dringpull.daemon.cache=");
        }
    }

    /** The JVM itself would run the old classes out of the cache. */
    @Test
    void neverRunsOldClassesOutOfACache() throws IOException, InterruptedException {
        Path launcher = installed.resolve("ringpull");
        assertThat(run(Map.of(), launcher, "train").exit()).isZero();
        assertThat(caches()).hasSize(2).anySatisfy(cache -> assertThat(cache).isNotEmptyFile());
        assertThat(run(Map.of(), launcher, "x").output()).startsWith("first");

        jar("second");

        assertThat(run(Map.of(), launcher, "x")).isEqualTo(new Ran(3, "second [x]\n", ""));
    }

    @Test
    void staysSilentOverADamagedCache() throws IOException, InterruptedException {
        Path launcher = installed.resolve("ringpull");
        run(Map.of(), launcher, "train");
        for (Path cache : caches()) {
            Files.writeString(cache, "damaged");
        }

        assertThat(run(Map.of(), launcher, "x")).isEqualTo(new Ran(3, "first [x]\n", ""));
    }

    @Test
    void refusesAnOlderJava() throws IOException, InterruptedException {
        Path old = directory.resolve("jdk-17");
        Files.createDirectories(old.resolve("bin"));
        Files.writeString(old.resolve("release"), "JAVA_RUNTIME_VERSION=\"17.0.1+2\"\n");
        Files.createFile(old.resolve("bin/java")).toFile().setExecutable(true);

        Ran ran = run(Map.of("RINGPULL_JAVA", old.toString()), installed.resolve("ringpull"));

        assertThat(ran).isEqualTo(new Ran(1, "", "ringpull: RINGPULL_JAVA=" + old + " is no Java 25 or newer\n"));
    }

    @Test
    void prefersTheJavaThatItIsGivenAndPassesAnOldOneBy() throws IOException, InterruptedException {
        Path launcher = installed.resolve("ringpull");
        String home = System.getProperty("java.home");

        assertThat(run(Map.of("RINGPULL_JAVA", home + "/bin/java"), launcher).exit())
                .isEqualTo(3);
        assertThat(run(Map.of("JAVA_HOME", "/nonexistent"), launcher).exit()).isEqualTo(3);
    }

    @Test
    void saysThatTheJarIsMissing() throws IOException, InterruptedException {
        Files.delete(installed.resolve("ringpull.jar"));

        Ran ran = run(Map.of(), installed.resolve("ringpull"));

        assertThat(ran.exit()).isEqualTo(1);
        assertThat(ran.errors()).contains("no ringpull.jar in " + installed);
    }

    private List<Path> caches() throws IOException {
        try (Stream<Path> files = Files.list(installed)) {
            return files.filter(file -> file.toString().endsWith(".aot")).toList();
        }
    }

    private record Ran(int exit, String output, String errors) {}

    private Ran run(Map<String, String> environment, Path launcher, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(launcher.toString()));
        command.addAll(List.of(arguments));
        Path output = directory.resolve("output");
        Path errors = directory.resolve("errors");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(output.toFile()).redirectError(errors.toFile());
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        builder.environment().put("RINGPULL_JAVA", System.getProperty("java.home"));
        if (environment.containsKey("JAVA_HOME")) {
            builder.environment().remove("RINGPULL_JAVA");
        }
        builder.environment().putAll(environment);
        int exit = builder.start().waitFor();
        return new Ran(exit, Files.readString(output), Files.readString(errors));
    }

    private void jar(String word) throws IOException {
        Path source = Files.writeString(directory.resolve("Main.java"), """
            import java.lang.management.ManagementFactory;
            import java.util.Arrays;
            class Main {
                public static void main(String[] arguments) {
                    System.out.println("%s " + Arrays.toString(arguments));
                    if (arguments.length > 0 && arguments[0].matches("daemon|demo")) {
                        System.out.println(ManagementFactory.getRuntimeMXBean().getInputArguments());
                    }
                    System.exit(3);
                }
            }
            """.formatted(word));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        assertThat(compiler.run(null, null, null, "-d", directory.toString(), source.toString()))
                .isZero();
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, "Main");
        try (OutputStream file = Files.newOutputStream(installed.resolve("ringpull.jar"));
                JarOutputStream jar = new JarOutputStream(file, manifest)) {
            jar.putNextEntry(new JarEntry("Main.class"));
            jar.write(Files.readAllBytes(directory.resolve("Main.class")));
        }
    }
}
