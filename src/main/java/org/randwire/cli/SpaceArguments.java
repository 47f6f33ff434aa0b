// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.ConfigLoader;
import org.randwire.cli.config.LoadedSpace;
import org.randwire.cli.config.NearestName;
import org.randwire.cli.config.Presets;
import org.randwire.space.Complexity;
import org.randwire.space.Complexity.Measure;
import org.randwire.space.Constraint;
import org.randwire.space.Sampler;
import picocli.CommandLine.Option;

/** The options of a command that draws from a design space. */
final class SpaceArguments {

  private static final String RANGE = "MIN..MAX";
  private static final int DEFAULT_TRIES = 10_000;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Seed of the networks drawn from a space (default: 1).")
  private @Nullable Long seed;

  @Option(
      names = "--params",
      paramLabel = RANGE,
      description = "Keep networks with so many parameters, such as ..0.856M.")
  private @Nullable String params;

  @Option(
      names = "--multiply-adds",
      paramLabel = RANGE,
      description = "Keep networks with so many multiply-adds, such as 10M..0.13G.")
  private @Nullable String multiplyAdds;

  @Option(
      names = "--activations",
      paramLabel = RANGE,
      description = "Keep networks with so many activations.")
  private @Nullable String activations;

  @Option(names = "--any", description = "One of the ranges is enough; otherwise all must hold.")
  private boolean any;

  @Option(
      names = "--within",
      paramLabel = "PRESET",
      description =
          "Keep networks with no more parameters or no more multiply-adds than this preset; the"
              + " populations of the design spaces paper are within resnet-56.")
  private @Nullable String within;

  @Option(
      names = "--tries",
      paramLabel = "N",
      description = "Networks drawn for one that meets the constraint, at most (default: 10000).")
  private @Nullable Integer tries;

  /** The first of these options that was given. */
  Optional<String> given() {
    Map<String, Boolean> all = new LinkedHashMap<>();
    all.put("--seed", seed != null);
    all.put("--params", params != null);
    all.put("--multiply-adds", multiplyAdds != null);
    all.put("--activations", activations != null);
    all.put("--any", any);
    all.put("--within", within != null);
    all.put("--tries", tries != null);
    return all.entrySet().stream().filter(Map.Entry::getValue).map(Map.Entry::getKey).findFirst();
  }

  /** The sampler of a space; ranges given here replace those of its file. */
  Sampler sampler(LoadedSpace loaded) {
    Constraint own = constraint();
    return sampler(loaded, own.ranges().isEmpty() ? loaded.constraint() : own);
  }

  Sampler sampler(LoadedSpace loaded, Constraint constraint) {
    int most = tries == null ? DEFAULT_TRIES : tries;
    if (most < 1) {
      throw new CliException(ExitStatus.USAGE, "--tries: expected at least 1, found " + most);
    }
    return new Sampler(
        loaded.space(),
        seed == null ? 1 : seed,
        loaded.input(),
        loaded.classes(),
        constraint,
        most);
  }

  private Constraint constraint() {
    List<Constraint.Range> ranges = new ArrayList<>();
    add(ranges, "--params", Measure.PARAMS, params);
    add(ranges, "--multiply-adds", Measure.MULTIPLY_ADDS, multiplyAdds);
    add(ranges, "--activations", Measure.ACTIVATIONS, activations);
    if (within == null) {
      return new Constraint(ranges, any);
    }
    if (!ranges.isEmpty()) {
      throw new CliException(
          ExitStatus.USAGE, "--within: is a constraint of its own; leave out the ranges");
    }
    return Constraint.within(complexity(within));
  }

  /** What a preset costs. */
  static Complexity complexity(String preset) {
    if (!Presets.NAMES.contains(preset)) {
      throw new CliException(
          ExitStatus.USAGE,
          "--within: no preset is called '"
              + preset
              + "'; "
              + NearestName.of(preset, Presets.NAMES)
                  .map(near -> "did you mean '" + near + "'?")
                  .orElseGet(() -> "valid: " + String.join(", ", Presets.NAMES)));
    }
    RunAssembly assembly = new RunAssembly(ConfigLoader.load(List.of("network.name=" + preset)));
    return Complexity.of(assembly.network(assembly.stageGraphs()));
  }

  private static void add(
      List<Constraint.Range> ranges, String option, Measure measure, @Nullable String text) {
    if (text == null) {
      return;
    }
    int dots = text.indexOf("..");
    if (dots < 0) {
      throw new CliException(
          ExitStatus.USAGE,
          option + ": expected " + RANGE + ", such as 0.1M..0.856M, found '" + text + "'");
    }
    try {
      ranges.add(
          new Constraint.Range(
              measure,
              bound(option, text.substring(0, dots), 0),
              bound(option, text.substring(dots + 2), Long.MAX_VALUE)));
    } catch (IllegalArgumentException e) {
      throw new CliException(ExitStatus.USAGE, option + ": " + e.getMessage(), e);
    }
  }

  /** A number with an optional k, M or G. */
  private static long bound(String option, String text, long byDefault) {
    String number = text.strip();
    if (number.isEmpty()) {
      return byDefault;
    }
    if (!number.matches("[0-9]{1,18}(\\.[0-9]{1,12})?[kMG]?")) {
      throw new CliException(
          ExitStatus.USAGE,
          option + ": expected a number with k, M or G behind it or nothing, found '" + text + "'");
    }
    int scale = "kMG".indexOf(number.charAt(number.length() - 1)) + 1;
    String digits = scale > 0 ? number.substring(0, number.length() - 1) : number;
    return new java.math.BigDecimal(digits).movePointRight(3 * scale).longValue();
  }
}
