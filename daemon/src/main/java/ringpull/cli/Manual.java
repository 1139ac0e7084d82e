package ringpull.cli;

import picocli.CommandLine;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Gives every command's help the sections of a manual page. */
final class Manual {
    private static final int WIDTH = 100;

    private Manual() {}

    static CommandLine apply(CommandLine command) {
        command.getCommandSpec().mixinStandardHelpOptions(true).version("ringpull " + CommandLineApp.version());
        UsageMessageSpec usage = command.getCommandSpec().usageMessage();
        usage.width(WIDTH)
                .synopsisHeading("Synopsis:%n  ")
                .descriptionHeading("%nDescription:%n")
                .parameterListHeading("%nArguments:%n")
                .optionListHeading("%nOptions:%n")
                .commandListHeading("%nCommands:%n")
                .exitCodeListHeading("%nExit codes:%n")
                .exitCodeList(ExitCode.manual())
                .sortOptions(false)
                .abbreviateSynopsis(false);
        if (usage.footer().length > 0 && usage.footerHeading().isEmpty()) {
            usage.footerHeading("%nExamples:%n");
        }
        command.getSubcommands().values().forEach(Manual::apply);
        return command;
    }
}
