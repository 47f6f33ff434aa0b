// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.randwire.cli.config.RunConfig.Family;
import org.randwire.cli.config.RunConfig.Generator;
import org.randwire.cli.config.RunConfig.RandomWiring;
import org.randwire.cli.config.RunConfig.Schedule;
import org.randwire.cli.config.RunConfig.ScheduleName;
import org.randwire.cli.config.RunConfig.Stages;
import org.randwire.network.cell.Cell;
import org.randwire.network.resnet.Block.Bottleneck;

/** What values must satisfy together; a range that holds for one key alone stands in the schema. */
final class ConfigRules {

  /**
   * A broken rule.
   *
   * @param keys the keys it is about, the likeliest culprit first
   */
  record Violation(List<String> keys, String message) {}

  private record Rule(List<String> keys, Function<RunConfig, @Nullable String> violation) {}

  private static final String NETWORK = "network.";
  private static final String NAME = NETWORK + "name";
  private static final String DEPTHS = NETWORK + "depths";
  private static final String CELL = NETWORK + "cell.";
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
          new Rule(List.of(DEPTHS), staged(ConfigRules::noStages)),
          new Rule(
              List.of(NETWORK + "widths", DEPTHS, NAME),
              staged(s -> sizes("widths", s.widths(), s))),
          new Rule(
              List.of(NETWORK + "bottleneckRatios", DEPTHS, NAME),
              grouped(s -> sizes("bottleneckRatios", s.bottleneckRatios(), s))),
          new Rule(
              List.of(NETWORK + "groups", DEPTHS, NAME),
              grouped(s -> sizes("groups", s.groups(), s))),
          new Rule(
              List.of(NETWORK + "bottleneckRatios", NETWORK + "widths", NAME),
              grouped(ConfigRules::ratioThatDoesNotDivide)),
          new Rule(
              List.of(NETWORK + "groups", NETWORK + "bottleneckRatios", NETWORK + "widths", NAME),
              grouped(ConfigRules::groupsThatDoNotDivide)),
          new Rule(
              List.of(NETWORK + "strides", DEPTHS, NAME),
              in(Set.of(Family.ANYNET), n -> sizes("strides", n.stages().strides(), n.stages()))),
          new Rule(List.of(CELL + "normal"), edges("normal", cells -> cells.normal())),
          new Rule(List.of(CELL + "reduction"), edges("reduction", cells -> cells.reduction())),
          new Rule(List.of("data.limit", "data.name"), ConfigRules::limitOfOneClass),
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
      boolean drawn = config.network().family() == Family.RANDWIRE && graph.files().isEmpty();
      return drawn && graph.generator() == generator ? rule.apply(graph) : null;
    };
  }

  private static Function<RunConfig, @Nullable String> staged(
      Function<Stages, @Nullable String> rule) {
    return in(ConfigSchema.STAGED, network -> rule.apply(network.stages()));
  }

  private static Function<RunConfig, @Nullable String> grouped(
      Function<Stages, @Nullable String> rule) {
    return in(ConfigSchema.GROUPED, network -> rule.apply(network.stages()));
  }

  private static Function<RunConfig, @Nullable String> in(
      Set<Family> families, Function<RunConfig.Network, @Nullable String> rule) {
    return config ->
        families.contains(config.network().family()) ? rule.apply(config.network()) : null;
  }

  /** What a cell of these edges would be refused for. */
  private static Function<RunConfig, @Nullable String> edges(
      String key, Function<RunConfig.Cells, List<String>> edges) {
    return in(
        Set.of(Family.CELL),
        network -> {
          try {
            Cell.of(edges.apply(network.cell()));
            return null;
          } catch (IllegalArgumentException e) {
            return CELL + key + ": " + e.getMessage();
          }
        });
  }

  private static @Nullable String noStages(Stages stages) {
    return stages.depths().isEmpty()
        ? DEPTHS + ": needs at least one stage, such as [3, 3, 3]"
        : null;
  }

  private static @Nullable String sizes(String key, List<Integer> values, Stages stages) {
    int expected = stages.depths().size();
    return values.size() == expected || expected == 0
        ? null
        : NETWORK
            + key
            + ": needs a value for each of the "
            + expected
            + " stages in "
            + DEPTHS
            + ", found "
            + values.size();
  }

  private static @Nullable String ratioThatDoesNotDivide(Stages stages) {
    return firstRefusal(stages, stage -> new Bottleneck(stages.bottleneckRatios().get(stage), 1))
        .map(refusal -> NETWORK + "bottleneckRatios: " + refusal)
        .orElse(null);
  }

  private static @Nullable String groupsThatDoNotDivide(Stages stages) {
    if (ratioThatDoesNotDivide(stages) != null) {
      return null;
    }
    return firstRefusal(
            stages,
            stage ->
                new Bottleneck(stages.bottleneckRatios().get(stage), stages.groups().get(stage)))
        .map(refusal -> NETWORK + "groups: " + refusal)
        .orElse(null);
  }

  /** What the first block says that cannot be as wide as its stage. */
  private static Optional<String> firstRefusal(Stages stages, IntFunction<Bottleneck> blocks) {
    int complete =
        Stream.of(stages.widths(), stages.bottleneckRatios(), stages.groups())
            .mapToInt(List::size)
            .min()
            .orElse(0);
    for (int stage = 0; stage < complete; stage++) {
      try {
        blocks.apply(stage).requireWidth(stages.widths().get(stage));
      } catch (IllegalArgumentException e) {
        return Optional.of("stage " + (stage + 1) + ": " + e.getMessage());
      }
    }
    return Optional.empty();
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

  private static @Nullable String limitOfOneClass(RunConfig config) {
    return config.data().limit() > 0 && config.data().name() == RunConfig.DataName.IMAGEFOLDER
        ? "data.limit: the pictures of an imagefolder stand class by class, so the first "
            + config.data().limit()
            + " would be of few classes"
        : null;
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
