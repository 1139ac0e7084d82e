package ringpull.cli;

import java.io.Console;
import java.io.PrintWriter;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line: results go to standard output, errors to standard error, and the exit code says how it went. */
public final class CommandLineApp {
    private CommandLineApp() {}

    /**
     * Runs one command.
     *
     * @param starter runs the daemon
     * @param more objects that picocli takes for subcommands of the root, as other packages have them
     * @return the exit code
     */
    public static int run(String[] arguments, DaemonStarter starter, Object... more) {
        PrintWriter out = new PrintWriter(System.out, true, System.out.charset());
        PrintWriter err = new PrintWriter(System.err, true, System.err.charset());
        return run(arguments, starter, new Streams(out, err, isTerminal()), more);
    }

    /** As above, with other streams. */
    static int run(String[] arguments, DaemonStarter starter, Streams streams, Object... more) {
        if (arguments.length == 1 && (arguments[0].equals("--version") || arguments[0].equals("-V"))) {
            // Scripts and probes ask this often: answered before anything else is loaded.
            streams.out().println("ringpull " + version());
            streams.out().flush();
            return ExitCode.DONE;
        }
        int exitCode = commandLine(starter, streams, more).execute(arguments);
        streams.out().flush();
        streams.err().flush();
        return exitCode;
    }

    /** The version of this build. */
    public static String version() {
        return Optional.ofNullable(CommandLineApp.class.getPackage().getImplementationVersion())
                .orElse("development");
    }

    private static CommandLine commandLine(DaemonStarter starter, Streams streams, Object... more) {
        CommandLine root = new CommandLine(new RingpullCommand())
                .addSubcommand(new DaemonCommand(starter))
                .addSubcommand(new StatusCommand())
                .addSubcommand(new MembersCommand())
                .addSubcommand(new RingCommand())
                .addSubcommand(new HoldersCommand())
                .addSubcommand(new PullCommand(streams.terminal()))
                .addSubcommand(new TraceCommand())
                .addSubcommand(new VerifyCommand())
                .addSubcommand(new HelperCommand())
                .addSubcommand(new DoctorCommand())
                .addSubcommand(new CommandLine(new SetupCommand()).addSubcommand(new SetupContainerdCommand()))
                .addSubcommand(new CommandLine(new RepairCommand()).addSubcommand(new RepairContainerdCommand()))
                .addSubcommand(new CommandLine(new PkiCommand())
                        .addSubcommand(new PkiInitCommand())
                        .addSubcommand(new PkiIssueCommand())
                        .addSubcommand(new PkiInspectCommand()));
        for (Object command : more) {
            root.addSubcommand(command);
        }
        return Manual.apply(root)
                .setOut(streams.out())
                .setErr(streams.err())
                .setParameterExceptionHandler(wrongUsage())
                .setExecutionExceptionHandler(failure());
    }

    private static IParameterExceptionHandler wrongUsage() {
        return (e, arguments) -> {
            CommandLine command = e.getCommandLine();
            PrintWriter err = command.getErr();
            err.println("ringpull: " + Text.printable(String.valueOf(e.getMessage())));
            UnmatchedArgumentException.printSuggestions(e, err);
            err.println("See: " + command.getCommandSpec().qualifiedName() + " --help");
            return ExitCode.WRONG_USAGE;
        };
    }

    private static IExecutionExceptionHandler failure() {
        return (e, command, result) -> {
            int exitCode = e instanceof CommandFailed failed ? failed.exitCode() : ExitCode.FAILED;
            String message = e.getMessage() == null ? e.toString() : e.getMessage();
            command.getErr().println("ringpull: " + Text.printable(message));
            return exitCode;
        };
    }

    private static boolean isTerminal() {
        return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    }
}
