// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The launcher's root command; each of its commands is a class of its own in this package. */
@Command(
    name = "randwire",
    description = "Trains randomly wired networks and compares populations of networks.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
public final class Main implements Callable<Integer> {

  private static final String LOG_CONFIGURATION = "logback.configurationFile";

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  private Main() {}

  /** Runs one command and exits with its {@link ExitStatus}. */
  public static void main(String[] arguments) {
    if (System.getProperty(LOG_CONFIGURATION) == null) {
      // Not logback's default name: on a user's class path that would be the program's own choice.
      System.setProperty(LOG_CONFIGURATION, "org/randwire/cli/logback.xml");
    }
    CrashLog log = CrashLog.temporary();
    int status =
        run(
            commands(log),
            log,
            new PrintWriter(System.out, true),
            new PrintWriter(System.err, true),
            arguments);
    System.exit(status);
  }

  /** The commands in the order of the help text. */
  static List<Object> commands(CrashLog log) {
    return List.of(
        new TrainCommand(log),
        new EvaluateCommand(),
        new SummaryCommand(),
        new DescribeCommand(),
        new SampleCommand(),
        SweepCommand.create(status -> Runtime.getRuntime().halt(status)),
        new CompareCommand(),
        new StudyCommand(),
        new BenchCommand(),
        new ExportCommand(),
        new ImportCommand(),
        new DataCommand(),
        new DoctorCommand());
  }

  /** Runs one of the given commands; nothing is thrown, whatever happens. */
  static int run(
      List<Object> commands, CrashLog log, PrintWriter out, PrintWriter err, String... arguments) {
    FailureHandler failures = new FailureHandler(log);
    CommandLine root = commandLine(commands, failures).setOut(out).setErr(err);
    try {
      return root.execute(arguments);
    } catch (Error e) {
      // picocli hands over exceptions only; a native library that cannot be loaded is an Error
      return failures.report(e, root);
    }
  }

  private static CommandLine commandLine(List<Object> commands, FailureHandler failures) {
    CommandLine root = new CommandLine(new Main());
    commands.forEach(root::addSubcommand);
    return root.setExecutionExceptionHandler(failures)
        .setParameterExceptionHandler(failures)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setColorScheme(
            Help.defaultColorScheme(
                Terminal.ofStandardOutput().interactive() ? Ansi.AUTO : Ansi.OFF));
  }

  /** Without a command there is nothing to do but to say which there are. */
  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return ExitStatus.USAGE.code();
  }

  /** Names the release, the Java runtime and the platform. */
  static final class VersionText implements IVersionProvider {

    @Override
    public String[] getVersion() {
      return new String[] {
        "randwire " + Version.release() + " (" + Version.commit() + ")",
        "Java " + System.getProperty("java.version"),
        System.getProperty("os.name") + " " + System.getProperty("os.arch")
      };
    }
  }
}
