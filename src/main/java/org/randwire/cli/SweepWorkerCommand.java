// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import org.randwire.cli.config.SweepConfig;
import org.randwire.cli.config.SweepLoader;
import org.randwire.population.LocalRunner;
import org.randwire.population.SweepFolder;
import org.randwire.population.Worker;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code randwire sweep worker}: trains what is left of a sweep, beside other workers. */
@Command(
    name = "worker",
    mixinStandardHelpOptions = true,
    description = {
      "Train members of a sweep that no other worker has, until none is left.",
      "For batch systems and clusters: start as many as there are places, on as many",
      "machines as share the folder. They need no coordinator; kill and start them",
      "at any time. sweep run --draw makes the folder, sweep resume ends it with the",
      "report."
    })
final class SweepWorkerCommand implements Callable<Integer> {

  /** How long the end of the process waits for checkpoints. */
  private static final int CHECKPOINT_SECONDS = 50;

  private final IntConsumer halt;

  @Parameters(paramLabel = "FOLDER", description = "Folder of the sweep.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Path path;

  @Option(names = "--coordinator", hidden = true, paramLabel = "PID")
  private long coordinator;

  @Option(
      names = "--wait",
      description = "Stay while others still train, to take over what they leave.")
  private boolean waits;

  @Option(
      names = "--attached",
      description = "Stop, with checkpoints, when standard input ends: whoever began it is gone.")
  private boolean attached;

  SweepWorkerCommand(IntConsumer halt) {
    this.halt = halt;
  }

  @Override
  public Integer call() throws IOException {
    SweepFolder folder = SweepCommand.folder(path);
    SweepConfig config = SweepLoader.load(folder.config(), List.of());
    PrintStream out = System.out;
    Worker worker =
        new Worker(
            folder,
            folder.members(),
            SweepPlan.settings(config),
            new SweepTraining(folder, config),
            new Worker.Embedding(
                coordinator,
                waits || coordinator > 0,
                out::println,
                () -> halt.accept(LocalRunner.hungStatus())));
    if (coordinator > 0 || attached) {
      Thread watch = new Thread(() -> stopWithInput(worker), "sweep-input");
      watch.setDaemon(true);
      watch.start();
    }
    try (StopHook hook = new StopHook(worker::requestStop, CHECKPOINT_SECONDS)) {
      return worker.work() == Worker.Ending.STOPPED
          ? ExitStatus.INTERRUPTED.code()
          : ExitStatus.DONE.code();
    }
  }

  /** Who started this process keeps its input open as long as it lives. */
  private static void stopWithInput(Worker worker) {
    try {
      while (System.in.read() >= 0) {
        // nothing is ever written to it
      }
    } catch (IOException e) {
      // as good as its end
    }
    worker.requestStop();
  }
}
