// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.SweepConfig;
import org.randwire.cli.config.SweepLoader;
import org.randwire.population.LocalRunner;
import org.randwire.population.SweepFolder;
import org.randwire.population.SweepMember;
import org.randwire.population.SweepSettings;
import org.randwire.population.SweepStatus;
import org.randwire.population.SweepTable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code randwire sweep}: a population of networks, trained and compared. */
@Command(
    name = "sweep",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Draw networks from design spaces and train them all, by worker processes that",
      "may die: nothing is lost, nothing is done twice, and the table at the end has",
      "the same bytes whatever happened."
    })
final class SweepCommand implements Callable<Integer> {

  /** How long the end of the process waits for the workers' checkpoints. */
  private static final int STOP_SECONDS = 70;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  private SweepCommand() {}

  /**
   * The command with its own commands.
   *
   * @param halt ends the process at once
   */
  static CommandLine create(IntConsumer halt) {
    return new CommandLine(new SweepCommand())
        .addSubcommand(new RunSweep())
        .addSubcommand(new ResumeSweep())
        .addSubcommand(new SweepStatusCommand())
        .addSubcommand(new SweepExportCommand())
        .addSubcommand(new SweepWorkerCommand(halt));
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return ExitStatus.USAGE.code();
  }

  /** A folder that holds a sweep, or the file of a sweep whose folder is the usual one. */
  static SweepFolder folder(Path path) {
    if (Files.isRegularFile(path)) {
      SweepConfig config = SweepLoader.load(path, List.of());
      return folder(usualFolder(config));
    }
    if (!SweepFolder.isSweep(path)) {
      throw new CliException(
          ExitStatus.USAGE,
          path
              + (Files.exists(path) ? " holds no sweep" : ": no such file or folder")
              + "; begin one with: randwire sweep run SWEEP.yaml");
    }
    return new SweepFolder(path);
  }

  static SweepSettings.Budget budget(SweepFolder folder) {
    return SweepLoader.load(folder.config(), List.of()).budget();
  }

  static Path usualFolder(SweepConfig config) {
    return Path.of("runs", config.name());
  }

  /** What {@code run} and {@code resume} end in. */
  private abstract static class Coordination implements Callable<Integer> {

    @SuppressWarnings("NullAway.Init") // set by picocli
    @Spec
    private CommandSpec spec;

    @Option(
        names = "--serve",
        arity = "0..1",
        fallbackValue = "0",
        paramLabel = "PORT",
        description = "Show the state on a page of this machine alone.")
    private @Nullable Integer port;

    final int coordinate(SweepFolder folder, SweepConfig config)
        throws IOException, InterruptedException {
      return SweepCommand.coordinate(spec, folder, config, port);
    }

    final PrintWriter err() {
      return spec.commandLine().getErr();
    }
  }

  /** {@code sweep run}. */
  @Command(
      name = "run",
      mixinStandardHelpOptions = true,
      description = {
        "Begin a sweep: draw its population, train it, compare its spaces.",
        "The file is described in docs/populations.md; examples/sweep-small.yaml is one."
      })
  static final class RunSweep extends Coordination {

    @Parameters(
        paramLabel = "SWEEP.yaml [KEY=VALUE..]",
        hideParamSyntax = true,
        arity = "1..*",
        description =
            "File of the sweep, and settings that override it, such as workers.processes=2 or"
                + " recipe.training.epochs=3.")
    private List<String> arguments = new ArrayList<>();

    @Option(
        names = {"-o", "--output"},
        paramLabel = "FOLDER",
        description = "Folder of the sweep; runs/NAME if not given.")
    private @Nullable Path output;

    @Option(
        names = "--draw",
        description = "Draw the population into the folder and train nothing: sweep worker will.")
    private boolean draws;

    @Override
    public Integer call() throws IOException, InterruptedException {
      SweepConfig config =
          SweepLoader.load(Path.of(arguments.get(0)), arguments.subList(1, arguments.size()));
      Path path = output == null ? usualFolder(config) : output;
      if (SweepFolder.isSweep(path)) {
        throw new CliException(
            ExitStatus.USAGE,
            path
                + " already holds a sweep; go on with it by: randwire sweep resume "
                + path
                + ", or name another folder by --output");
      }
      SweepPlan.settings(config);
      SweepFolder folder =
          SweepFolder.create(
              path,
              SweepPlan.spec(config),
              config.text(),
              Runtime.getRuntime().availableProcessors());
      if (draws) {
        err().println(folder.members().size() + " networks drawn into " + folder.path());
        return ExitStatus.DONE.code();
      }
      return coordinate(folder, config);
    }
  }

  /** {@code sweep resume}. */
  @Command(
      name = "resume",
      mixinStandardHelpOptions = true,
      description = {
        "Go on with a sweep after Ctrl-C, a kill or a power loss.",
        "What is finished is not done again; workers and budget may be changed."
      })
  static final class ResumeSweep extends Coordination {

    @Parameters(
        paramLabel = "FOLDER|SWEEP.yaml [KEY=VALUE..]",
        hideParamSyntax = true,
        arity = "1..*",
        description =
            "Folder of the sweep, or its file, and settings of workers and budget, such as"
                + " workers.processes=2.")
    private List<String> arguments = new ArrayList<>();

    @Override
    public Integer call() throws IOException, InterruptedException {
      Path given = Path.of(arguments.get(0));
      SweepFolder folder = folder(given);
      SweepConfig stored = SweepLoader.load(folder.config(), List.of());
      SweepConfig wanted =
          SweepLoader.load(
              Files.isRegularFile(given) ? given : folder.config(),
              arguments.subList(1, arguments.size()));
      if (!wanted.populationText().equals(stored.populationText())) {
        throw new CliException(
            ExitStatus.USAGE,
            given
                + " is not the sweep that "
                + folder.path()
                + " began with: only workers and budget may change; give it another name");
      }
      if (!wanted.text().equals(stored.text())) {
        folder.writeConfig(wanted.text());
      }
      return coordinate(folder, wanted);
    }
  }

  // The coordinator

  private static int coordinate(
      CommandSpec spec, SweepFolder folder, SweepConfig config, @Nullable Integer port)
      throws IOException, InterruptedException {
    PrintWriter err = spec.commandLine().getErr();
    List<SweepMember> members = folder.members();
    SweepPlan.differences(config).forEach(line -> err.println("warning: " + line));
    SweepPlan.forecast(folder, config, members).forEach(err::println);
    err.flush();
    SweepView view =
        new SweepView(
            System.err, Terminal.ofStandardError(), System::nanoTime, config.name(), members);
    try (LocalRunner runner =
        LocalRunner.open(
                folder,
                members,
                SweepPlan.settings(config),
                config.workers().count(),
                (worker, crashReport) -> command(folder, config, crashReport),
                view)
            .orElseThrow(
                () ->
                    new CliException(
                        ExitStatus.USAGE, folder.path() + ": another process runs this sweep"))) {
      if (config.budget().joules() > 0 && !runner.hasEnergyMeter()) {
        throw new CliException(
            ExitStatus.DEVICE,
            "budget.joules: this machine has no energy counter that can be read"
                + " (/sys/class/powercap)");
      }
      try (SweepServer server =
          port == null ? null : SweepServer.start(folder, config.name(), members, port)) {
        if (server != null) {
          err.println("page: " + server.address());
          err.flush();
          view.alsoTo(server::show);
        }
        return run(spec, folder, config, runner, view);
      }
    }
  }

  private static int run(
      CommandSpec spec, SweepFolder folder, SweepConfig config, LocalRunner runner, SweepView view)
      throws IOException, InterruptedException {
    PrintWriter err = spec.commandLine().getErr();
    LocalRunner.Ending ending;
    try (StopHook hook = new StopHook(runner::requestStop, STOP_SECONDS)) {
      ending = runner.run();
      view.clear();
      SweepTable.write(folder);
      if (ending == LocalRunner.Ending.STOPPED) {
        err.println(
            "stopped, runs under way have checkpoints; go on with: randwire sweep resume "
                + folder.path());
        err.flush();
      }
    } catch (LocalRunner.WorkerException e) {
      view.clear();
      ExitStatus status =
          switch (e.status()) {
            case 2 -> ExitStatus.USAGE;
            case 3 -> ExitStatus.DATA;
            case 4 -> ExitStatus.DEVICE;
            default -> ExitStatus.INTERNAL;
          };
      throw new CliException(status, String.valueOf(e.getMessage()), e);
    }
    if (ending == LocalRunner.Ending.STOPPED) {
      return ExitStatus.INTERRUPTED.code();
    }
    SweepReport.end(spec.commandLine().getOut(), folder, config, ending);
    return ExitStatus.DONE.code();
  }

  /** The same Java, class path and options as this process's, and what a worker needs besides. */
  private static List<String> command(SweepFolder folder, SweepConfig config, Path crashReport) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> !option.startsWith("-javaagent") && !option.startsWith("-agentlib"))
        .forEach(command::add);
    command.add("-XX:+UseSerialGC");
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("-XX:+DisplayVMOutputToStderr"); // which says so in the worker's log
    command.add("-XX:-CreateCoredumpOnCrash");
    command.add("-XX:ErrorFile=" + crashReport.toAbsolutePath());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    command.add("sweep");
    command.add("worker");
    command.add(folder.path().toString());
    command.add("--coordinator");
    command.add(Long.toString(ProcessHandle.current().pid()));
    return command;
  }

  /** What the state of a sweep is in JSON. */
  static Map<String, Object> json(SweepStatus status, String name) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("name", name);
    values.put("runs", status.runs());
    values.put("finished", status.finished());
    values.put("done", status.finished() - status.failed());
    values.put("failed", status.failed());
    values.put("causes", status.causes());
    values.put("attemptsFailed", status.attempts());
    values.put("running", status.running());
    values.put("runSeconds", status.runSeconds());
    values.put("secondsLeft", status.secondsLeft());
    return values;
  }
}
