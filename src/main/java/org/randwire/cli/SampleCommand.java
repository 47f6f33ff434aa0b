// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.LoadedSpace;
import org.randwire.cli.config.SpaceLoader;
import org.randwire.space.Population;
import org.randwire.space.SampledNetwork;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code randwire sample}: networks drawn from a design space. */
@Command(
    name = "sample",
    mixinStandardHelpOptions = true,
    description = {
      "Draw networks from a design space, one JSON line each.",
      "A line of the output, FILE:LINE, is a configuration: train FILE:LINE trains that network.",
      "The same space, seed and constraint give the same bytes, whatever the number of threads."
    })
final class SampleCommand implements Callable<Integer> {

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Parameters(
      paramLabel = "SPACE [KEY=VALUE..]",
      hideParamSyntax = true,
      arity = "1..*",
      description =
          "A space by name (see describe SPACE) or a YAML file, and value sets that replace its"
              + " own, such as width=[16,32].")
  private List<String> arguments = new ArrayList<>();

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "10",
      description = "How many networks (default: ${DEFAULT-VALUE}).")
  private long count;

  @Option(names = "--distinct", description = "Pass over networks that came before.")
  private boolean distinct;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads that draw; 0 = all cores.")
  private int threads;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description = "Write the lines into this file, not to standard output.")
  private @Nullable Path output;

  @Mixin private final SpaceArguments options = new SpaceArguments();

  /** What was drawn on the way. */
  private static final class Totals {
    private long networks;
    private long tries;
    private long duplicates;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (count < 0 || threads < 0) {
      throw new CliException(
          ExitStatus.USAGE,
          "--count and --threads: expected at least 0, found " + count + ", " + threads);
    }
    LoadedSpace loaded = SpaceLoader.load(arguments.get(0), arguments.subList(1, arguments.size()));
    int workers = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    Population population = new Population(options.sampler(loaded), count, distinct, workers);
    long started = System.nanoTime();
    Totals totals = new Totals();
    if (output == null) {
      write(population, loaded, spec.commandLine().getOut(), totals);
      spec.commandLine().getOut().flush();
    } else {
      try (BufferedWriter file = Files.newBufferedWriter(output)) {
        write(population, loaded, file, totals);
      }
    }
    spec.commandLine()
        .getErr()
        .printf(
            Locale.ROOT,
            "%d networks of %s in %.1f s; acceptance rate %.3f, %d duplicates%n",
            totals.networks,
            loaded.space().name(),
            (System.nanoTime() - started) / 1e9,
            totals.networks / (double) Math.max(1, totals.tries),
            totals.duplicates);
    return ExitStatus.DONE.code();
  }

  private static void write(Population population, LoadedSpace loaded, Writer out, Totals totals)
      throws InterruptedException {
    population.forEach(
        member -> {
          totals.networks++;
          totals.tries += member.network().tries();
          totals.duplicates += member.duplicateOf().isPresent() ? 1 : 0;
          try {
            out.write(RunFolder.toJsonLine(line(member, loaded)));
            out.write('\n');
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private static Map<String, Object> line(Population.Member member, LoadedSpace loaded) {
    SampledNetwork network = member.network();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("space", network.space());
    line.put("seed", network.seed());
    line.put("index", network.index());
    line.put("tries", network.tries());
    member.duplicateOf().ifPresent(first -> line.put("duplicateOf", first));
    line.put(
        "input",
        List.of(loaded.input().channels(), loaded.input().height(), loaded.input().width()));
    line.put("classes", loaded.classes());
    line.put("params", network.complexity().params());
    line.put("multiplyAdds", network.complexity().multiplyAdds());
    line.put("activations", network.complexity().activations());
    line.put("config", Map.of("network", network.settings()));
    return line;
  }
}
