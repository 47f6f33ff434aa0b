// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.randwire.cli.config.NearestName;
import org.randwire.population.GeneratedSpace;
import org.randwire.population.Population;
import org.randwire.population.PopulationException;
import org.randwire.population.PopulationFiles;
import org.randwire.population.ReadSettings;
import org.randwire.report.Studies;
import org.randwire.report.Study;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code randwire study}: the experiments of the design spaces paper. */
@Command(
    name = "study",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    subcommands = {DamageCommand.class, GeneratorsCommand.class},
    description = {
      "Repeat the experiments of the RandWire paper (arXiv 1904.01569) on networks",
      "of one's own, by the commands damage and generators, or those of the design",
      "spaces paper (arXiv 1905.13214): figure-2 (comparing best models), 3 to 7,",
      "9 to 11 and 15; without a name all. Their populations are generated, with a",
      "known truth, unless --population has a file."
    })
final class StudyCommand implements Callable<Integer> {

  private static final int FEWEST_MODELS = 2000;
  private static final int MOST_MODELS = 1_000_000;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Parameters(paramLabel = "NAME", description = "Studies to do, such as figure-7.")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--population",
      paramLabel = "SPACE=FILE",
      description = "Read the population of a space, such as ResNet=ResNet.json.")
  private Map<String, Path> files = new LinkedHashMap<>();

  @Option(
      names = "--count",
      paramLabel = "N",
      description = "Models of a generated population (25000).")
  private int count = 25_000;

  @Option(names = "--seed", paramLabel = "N", description = "Seed of everything drawn (1).")
  private long seed = 1;

  @Mixin private final ChartOutput charts = new ChartOutput();

  @Mixin private final ResultOutput output = new ResultOutput();

  @Override
  public Integer call() throws IOException {
    List<String> wanted = names.isEmpty() ? Studies.names() : names;
    wanted.forEach(name -> requireKnown("study", name, known()));
    if (count < FEWEST_MODELS || count > MOST_MODELS) {
      throw new CliException(
          ExitStatus.USAGE,
          "--count: expected %d to %d, found %d".formatted(FEWEST_MODELS, MOST_MODELS, count));
    }
    Studies studies = studies();
    List<Study> done = wanted.stream().map(studies::study).toList();
    if (charts.isWanted()) {
      charts.write(
          done.stream().flatMap(study -> study.charts().stream()).toList(),
          () ->
              Study.html(
                  "The design spaces paper's experiments",
                  populations() + "; settings of the paper's notebooks",
                  done,
                  commandLine()),
          output);
    }
    print(done);
    return ExitStatus.DONE.code();
  }

  private List<String> known() {
    List<String> known = new ArrayList<>(Studies.names());
    known.addAll(spec.subcommands().keySet());
    return known;
  }

  private Studies studies() throws IOException {
    Map<String, GeneratedSpace> spaces =
        GeneratedSpace.ofThePaper().stream()
            .collect(
                Collectors.toMap(GeneratedSpace::name, s -> s, (a, b) -> a, LinkedHashMap::new));
    Map<String, Population> loaded = new HashMap<>();
    for (Map.Entry<String, Path> file : files.entrySet()) {
      requireKnown("space", file.getKey(), List.copyOf(spaces.keySet()));
      loaded.put(file.getKey(), read(file.getValue()).named(file.getKey()));
      spaces.remove(file.getKey());
    }
    return new Studies(
        name ->
            loaded.computeIfAbsent(name, missing -> spaces.get(missing).population(count, seed)),
        name -> Optional.ofNullable(spaces.get(name)),
        seed);
  }

  static Population read(Path file) throws IOException {
    try {
      return PopulationFiles.read(file, ReadSettings.AUTOMATIC);
    } catch (PopulationException e) {
      throw e.missingColumn() == null
          ? e
          : new CliException(ExitStatus.DATA, PopulationOptions.withNearest(e), e);
    }
  }

  private static void requireKnown(String kind, String name, List<String> known) {
    if (!known.contains(name)) {
      throw new CliException(
          ExitStatus.USAGE,
          "unknown %s '%s'; %s"
              .formatted(
                  kind,
                  name,
                  NearestName.of(name, known)
                      .map(near -> "did you mean '" + near + "'?")
                      .orElse("there are " + String.join(", ", known))));
    }
  }

  private String populations() {
    String generated =
        String.format(Locale.ROOT, "populations of %,d models generated with seed %d", count, seed);
    return files.isEmpty()
        ? generated
        : "populations from " + files.values() + ", else " + generated;
  }

  private String commandLine() {
    return "randwire " + String.join(" ", spec.commandLine().getParseResult().originalArgs());
  }

  private void print(List<Study> studies) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("populations", populations());
    for (Study study : studies) {
      Map<String, Object> value = new LinkedHashMap<>();
      value.put("title", study.title());
      value.put("findings", study.findings());
      value.put("numbers", study.numbers());
      values.put(study.name(), value);
    }
    output.print(
        values,
        out -> {
          for (Study study : studies) {
            out.println(study.title());
            study.findings().forEach(finding -> out.println("  " + finding));
            out.println();
          }
        });
  }
}
