// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.RunConfig.Generator;
import org.randwire.cli.config.RunConfig.RandomWiring;
import org.randwire.cli.config.RunConfig.Schedule;
import org.randwire.cli.config.RunConfig.ScheduleName;

/** What values must satisfy together; a range that holds for one key alone stands in the schema. */
final class ConfigRules {

  /**
   * A broken rule.
   *
   * @param keys the keys it is about, the likeliest culprit first
   */
  record Violation(List<String> keys, String message) {}

  private record Rule(List<String> keys, Function<RunConfig, @Nullable String> violation) {}

  private static final String GRAPH = "network.graph.";
  private static final String SCHEDULE = "training.schedule.";

  private static final List<Rule> RULES =
      List.of(
          new Rule(List.of(GRAPH + "k", GRAPH + "generator"), on(Generator.WS, ConfigRules::oddK)),
          new Rule(
              List.of(GRAPH + "k", GRAPH + "nodes", GRAPH + "generator"),
              on(Generator.WS, ConfigRules::tooManyNeighbours)),
          new Rule(
              List.of(GRAPH + "m", GRAPH + "nodes", GRAPH + "generator"),
              on(Generator.BA, ConfigRules::tooManyNewEdges)),
          new Rule(List.of("training.nesterov", "training.momentum"), ConfigRules::nesterovAlone),
          new Rule(List.of(SCHEDULE + "base"), ConfigRules::noRate),
          new Rule(List.of(SCHEDULE + "milestones"), ConfigRules::unsortedMilestones),
          new Rule(
              List.of(SCHEDULE + "name", SCHEDULE + "milestones"), ConfigRules::stepWithoutSteps),
          new Rule(
              List.of(SCHEDULE + "milestones", "training.epochs", SCHEDULE + "name"),
              ConfigRules::lateMilestone),
          new Rule(
              List.of(SCHEDULE + "warmupEpochs", "training.epochs"), ConfigRules::warmupTooLong));

  private ConfigRules() {}

  static List<Violation> violations(RunConfig config) {
    List<Violation> violations = new ArrayList<>();
    for (Rule rule : RULES) {
      String message = rule.violation().apply(config);
      if (message != null) {
        violations.add(new Violation(rule.keys(), message));
      }
    }
    return violations;
  }

  /** A rule about generated graphs of one kind; graphs read from files have no parameters. */
  private static Function<RunConfig, @Nullable String> on(
      Generator generator, Function<RandomWiring, @Nullable String> rule) {
    return config -> {
      RandomWiring graph = config.network().graph();
      return graph.generator() == generator && graph.files().isEmpty() ? rule.apply(graph) : null;
    };
  }

  private static @Nullable String oddK(RandomWiring graph) {
    return graph.k() % 2 == 0
        ? null
        : "network.graph.k: generator ws needs an even k, found " + graph.k();
  }

  private static @Nullable String tooManyNeighbours(RandomWiring graph) {
    return graph.k() < graph.nodes()
        ? null
        : "network.graph.k: generator ws needs k below network.graph.nodes, found k "
            + graph.k()
            + " and nodes "
            + graph.nodes();
  }

  private static @Nullable String tooManyNewEdges(RandomWiring graph) {
    return graph.m() < graph.nodes()
        ? null
        : "network.graph.m: generator ba needs m below network.graph.nodes, found m "
            + graph.m()
            + " and nodes "
            + graph.nodes();
  }

  private static @Nullable String nesterovAlone(RunConfig config) {
    return config.training().nesterov() && config.training().momentum() == 0
        ? "training.nesterov: needs training.momentum above 0"
        : null;
  }

  private static @Nullable String noRate(RunConfig config) {
    return config.training().schedule().base() > 0
        ? null
        : "training.schedule.base: must be above 0";
  }

  private static @Nullable String unsortedMilestones(RunConfig config) {
    List<Integer> milestones = config.training().schedule().milestones();
    for (int i = 1; i < milestones.size(); i++) {
      if (milestones.get(i) <= milestones.get(i - 1)) {
        return "training.schedule.milestones: must ascend, found "
            + milestones.get(i - 1)
            + " before "
            + milestones.get(i);
      }
    }
    return null;
  }

  private static @Nullable String stepWithoutSteps(RunConfig config) {
    Schedule schedule = config.training().schedule();
    return schedule.name() == ScheduleName.STEP && schedule.milestones().isEmpty()
        ? "training.schedule.name: step needs training.schedule.milestones, such as [30, 60, 90]"
        : null;
  }

  private static @Nullable String lateMilestone(RunConfig config) {
    int epochs = config.training().epochs();
    Schedule schedule = config.training().schedule();
    if (schedule.name() != ScheduleName.STEP) {
      return null;
    }
    return schedule.milestones().stream()
        .filter(milestone -> milestone >= epochs)
        .findFirst()
        .map(
            late ->
                "training.schedule.milestones: "
                    + late
                    + " is never reached in training.epochs "
                    + epochs)
        .orElse(null);
  }

  private static @Nullable String warmupTooLong(RunConfig config) {
    double warmup = config.training().schedule().warmupEpochs();
    int epochs = config.training().epochs();
    return warmup < epochs
        ? null
        : "training.schedule.warmupEpochs: must be below training.epochs, found "
            + ConfigWriter.number(warmup)
            + " of "
            + epochs;
  }
}
