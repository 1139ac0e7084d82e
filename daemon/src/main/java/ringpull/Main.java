package ringpull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;
import ringpull.cli.CommandLineApp;
import ringpull.config.Config;
import ringpull.config.ConfigException;
import ringpull.config.ConfigFile;
import ringpull.demo.Demo;

/** Entry point of the one program: the command line and, as {@code ringpull daemon}, the daemon. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(CommandLineApp.run(arguments, Main::daemon, new Demo()));
    }

    /** Runs until SIGTERM or SIGINT; never returns then, since the JVM ends. */
    private static int daemon(Optional<Path> named) throws IOException, InterruptedException {
        Path file = named.orElse(ConfigFile.STANDARD);
        boolean absent = named.isEmpty() && !Files.exists(file);
        Config config;
        try {
            config = absent ? ConfigFile.defaults() : ConfigFile.load(file);
        } catch (ConfigException e) {
            throw new IOException(String.valueOf(e.getMessage()), e);
        }
        logTo(config.log());
        if (!absent) {
            ConfigFile.warnings(file, config).forEach(LoggerFactory.getLogger(Main.class)::warn);
        }
        Daemon daemon = Daemon.start(config);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> {
            try {
                daemon.stop();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            // An ordered stop is a success; the JVM would say 143.
            Runtime.getRuntime().halt(0);
        }));
        System.out.println("ready: " + daemon.addresses());
        new CountDownLatch(1).await();
        return 0;
    }

    /** Before the first logger is made. The journal adds dates, so that lines carry only the time. */
    private static void logTo(Config.Log log) {
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", log.level());
        System.setProperty("org.slf4j.simpleLogger.showDateTime", "true");
        System.setProperty("org.slf4j.simpleLogger.dateTimeFormat", "HH:mm:ss.SSS");
        System.setProperty("org.slf4j.simpleLogger.showThreadName", "false");
        System.setProperty("org.slf4j.simpleLogger.showShortLogName", "true");
        System.setProperty("org.slf4j.simpleLogger.log.io", "warn");
    }
}
