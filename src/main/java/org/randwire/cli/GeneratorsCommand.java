// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.randwire.population.Population;
import org.randwire.population.PopulationException;
import org.randwire.report.GeneratorStudy;
import org.randwire.report.Study;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code randwire study generators}: trained networks by generator, and by node operation. */
@Command(
    name = "generators",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Compare generators, and node operations, by the accuracy of trained networks:",
      "mean and deviation per setting beside the RandWire paper's Figure 3, and how",
      "series go together. A run's label is its setting, er-0.2, ba-5 or ws-4-0.75,",
      "and behind an underscore its series, ws-4-0.75_dense; several files are",
      "several series. See examples/study-generators.yaml and study-node-ops.yaml."
    })
final class GeneratorsCommand implements Callable<Integer> {

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "SWEEP|FILE",
      description = "Folder of a sweep, or a CSV or JSON-lines file with a column of labels.")
  private List<Path> files = new ArrayList<>();

  @Mixin private final ChartOutput charts = new ChartOutput();

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() throws IOException {
    List<Population> populations = new ArrayList<>();
    for (Path file : files) {
      populations.add(StudyCommand.read(file));
    }
    Study study = study(populations);
    String of =
        populations.stream()
            .map(p -> p.runs().size() + " runs of " + p.source())
            .collect(Collectors.joining(", "));
    if (charts.isWanted()) {
      charts.write(
          study.charts(),
          () -> Study.html("Generators", of, List.of(study), commandLine()),
          output);
    }
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("runs", of);
    values.put("findings", study.findings());
    values.put("numbers", study.numbers());
    output.print(values, out -> DamageCommand.print(out, study, of));
    return ExitStatus.DONE.code();
  }

  private static Study study(List<Population> populations) {
    try {
      return GeneratorStudy.of(populations);
    } catch (PopulationException e) {
      throw e.missingColumn() == null
          ? e
          : new CliException(ExitStatus.DATA, PopulationOptions.withNearest(e), e);
    }
  }

  private String commandLine() {
    return "randwire "
        + String.join(" ", spec.commandLine().getParent().getParseResult().originalArgs());
  }
}
