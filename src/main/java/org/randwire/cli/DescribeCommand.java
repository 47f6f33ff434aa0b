// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.randwire.backend.Backend;
import org.randwire.cli.config.ConfigSchema;
import org.randwire.cli.config.LoadedSpace;
import org.randwire.cli.config.RunConfig;
import org.randwire.cli.config.SpaceLoader;
import org.randwire.compile.CompiledProgram;
import org.randwire.compile.Session;
import org.randwire.compile.Traffic;
import org.randwire.graph.Dag;
import org.randwire.op.OpGraph;
import org.randwire.op.OpNode;
import org.randwire.report.WiringPlot;
import org.randwire.tensor.TensorShape;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code randwire describe}: what would be trained, without data and without training. */
@Command(
    name = "describe",
    mixinStandardHelpOptions = true,
    description = {
      "Show the graphs, size, execution plan and memory of a network, or, by the name of a design"
          + " space (or its YAML file), what it holds.",
      "Reads no data and trains nothing."
    })
final class DescribeCommand implements Callable<Integer> {

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Mixin private final ConfigArguments arguments = new ConfigArguments();

  @Mixin private final ResultOutput output = new ResultOutput();

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "Also draw the wiring of all stages into this file.")
  private @Nullable Path svg;

  @Option(
      names = "--match",
      paramLabel = "N",
      description =
          "Describe a randwire network at the channels whose multiply-adds come nearest N, such as"
              + " 583M.")
  private @Nullable String match;

  @Mixin private final SpaceArguments spaceArguments = new SpaceArguments();

  @Option(names = "--help-config", description = "List every configuration key and end.")
  private boolean helpConfig;

  /**
   * One stage: its wiring, if it is randomly wired, its blocks otherwise, and the shape of what it
   * gives for one image.
   */
  private record Stage(String name, @Nullable Dag graph, int blocks, TensorShape shape) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (helpConfig) {
      spec.commandLine().getOut().print(ConfigSchema.describe());
      spec.commandLine().getOut().flush();
      return ExitStatus.DONE.code();
    }
    if (!arguments.isEmpty() && SpaceLoader.isSpace(arguments.all().get(0))) {
      describeSpace(arguments.all());
      return ExitStatus.DONE.code();
    }
    spaceArguments
        .given()
        .ifPresent(
            option -> {
              throw new CliException(
                  ExitStatus.USAGE,
                  option + ": only for a design space, such as describe darts " + option + " ..");
            });
    RunAssembly given = new RunAssembly(arguments.load());
    List<Dag> graphs = given.stageGraphs();
    RunAssembly assembly = match == null ? given : matched(given, graphs, match);
    OpGraph network = assembly.network(graphs);
    if (svg != null) {
      requireGraphs(assembly.config().network().name(), graphs);
      draw(svg, assembly.config().network().name(), graphs);
    }
    try (Backend backend = assembly.backend()) {
      Session.Description plan = Session.describe(network, assembly.settings().session(), backend);
      report(assembly.config(), network, stages(network, graphs), plan, backend);
    }
    return ExitStatus.DONE.code();
  }

  private RunAssembly matched(RunAssembly given, List<Dag> graphs, String multiplyAdds) {
    double target = CompareCommand.number(multiplyAdds);
    if (!(target >= 1 && target < 1e15)) {
      throw new CliException(
          ExitStatus.USAGE,
          "--match: expected multiply-adds such as 583M, found '" + multiplyAdds + "'");
    }
    if (graphs.isEmpty()) {
      throw new CliException(
          ExitStatus.USAGE,
          "--match: "
              + given.config().network().name()
              + " has no channel base to change; the randwire networks have");
    }
    int channels = given.channelsFor(Math.round(target), graphs);
    output.note("network.channels=" + channels);
    return new RunAssembly(arguments.loadWith("network.channels=" + channels));
  }

  private void describeSpace(List<String> given) throws InterruptedException {
    if (svg != null) {
      throw new CliException(
          ExitStatus.USAGE,
          "--svg: a design space has no wiring to draw; a network of it may have");
    }
    LoadedSpace space = SpaceLoader.load(given.get(0), given.subList(1, given.size()));
    SpaceDescription description = new SpaceDescription(space, spaceArguments);
    output.print(description.values(), description::print);
  }

  private static void requireGraphs(String network, List<Dag> graphs) {
    if (graphs.isEmpty()) {
      throw new CliException(
          ExitStatus.USAGE,
          "--svg: " + network + " has no random wiring to draw; the randwire networks have");
    }
  }

  private void draw(Path file, String network, List<Dag> graphs) throws IOException {
    List<WiringPlot.Stage> stages = new ArrayList<>();
    for (int i = 0; i < graphs.size(); i++) {
      stages.add(new WiringPlot.Stage(network + ", stage " + (i + 1), graphs.get(i)));
    }
    try {
      Files.writeString(file, WiringPlot.svg(stages));
    } catch (IllegalArgumentException e) {
      throw new CliException(ExitStatus.USAGE, "--svg: " + e.getMessage(), e);
    }
    output.note("wiring drawn in " + file);
  }

  /** Nodes of a network are called {@code stage2.block3.conv1}, or {@code cell} for block. */
  private static List<Stage> stages(OpGraph network, List<Dag> graphs) {
    Map<String, OpNode> lastOf = new LinkedHashMap<>();
    Map<String, Set<String>> blocks = new LinkedHashMap<>();
    for (OpNode node : network.nodes()) {
      String[] parts = node.name().split("\\.", 3);
      if (parts[0].matches("stage[0-9]+")) {
        lastOf.put(parts[0], node);
        blocks.computeIfAbsent(parts[0], key -> new HashSet<>()).add(parts[1]);
      }
    }
    List<Stage> stages = new ArrayList<>();
    lastOf.forEach(
        (name, last) -> {
          Dag graph = graphs.isEmpty() ? null : graphs.get(stages.size());
          int size = graph == null ? blocks.getOrDefault(name, Set.of()).size() : 0;
          stages.add(new Stage(name, graph, size, last.shape()));
        });
    return stages;
  }

  private void report(
      RunConfig config,
      OpGraph network,
      List<Stage> stages,
      Session.Description description,
      Backend backend) {
    CompiledProgram.Summary plan = description.trainingStep();
    Session.Forecast memory = description.forecast();
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("network", config.network().name());
    if (config.network().family() == RunConfig.Family.RANDWIRE) {
      result.put("channels", config.network().channels());
    }
    result.put("input", shape(network.inputShape()));
    result.put("classes", network.output().shape().channels());
    result.put("params", network.parameterCount());
    result.put("multiplyAdds", network.multiplyAdds());
    result.put("activations", network.activations());
    result.put("stages", stages.stream().map(DescribeCommand::values).toList());
    result.put("device", backend.name());
    result.put("deviceDescription", backend.description());
    result.put("precision", Devices.precision(backend));
    result.put("threads", backend.workers());
    result.put("batch", config.data().batch());
    result.put("instructions", plan.instructions());
    result.put("calls", plan.calls());
    result.put("regions", plan.regions());
    result.put("arenaBytes", plan.arenaBytes());
    result.put("arenaBytesWithoutReuse", plan.unplannedBytes());
    result.put("evaluationArenaBytes", description.evaluation().levelsBytes());
    result.put("evaluationOrderedArenaBytes", description.evaluation().orderedBytes());
    result.put("evaluationIsOrdered", description.evaluation().isOrdered());
    result.put("sessionArenaBytes", memory.arenaBytes());
    result.put("stateBytes", memory.stateBytes());
    result.put("batchBytes", memory.batchBytes());
    result.put("totalBytes", memory.totalBytes());
    result.put("kernels", plan.kernels());
    result.put("trafficBytes", description.traffic().totalBytes());
    result.put("trafficPerNode", stageTraffic(description.traffic(), stages).getAverage());
    result.put("traffic", nodes(description.traffic()));
    result.put("planSeconds", description.planNanos() / 1e9);
    output.print(
        result,
        out -> {
          network(out, config, network, stages);
          plan(out, config, description, backend);
          traffic(out, description.traffic(), stages);
          kernels(out, plan);
        });
  }

  private static Map<String, Object> values(Stage stage) {
    Dag graph = stage.graph();
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("name", stage.name());
    if (graph == null) {
      values.put("blocks", stage.blocks());
    } else {
      values.put("nodes", graph.nodes());
      values.put("edges", graph.edgeCount());
      values.put("sources", graph.sources().length);
      values.put("sinks", graph.sinks().length);
      values.put("longestPath", graph.longestPath());
    }
    values.put("output", shape(stage.shape()));
    return values;
  }

  private static List<Integer> shape(TensorShape shape) {
    return List.of(shape.channels(), shape.height(), shape.width());
  }

  private static void network(
      PrintWriter out, RunConfig config, OpGraph network, List<Stage> stages) {
    out.printf(
        Locale.ROOT,
        "%s, input %s, %,d classes%n%n",
        config.network().name(),
        shape(network.inputShape()),
        network.output().shape().channels());
    stages(out, stages);
    out.printf(Locale.ROOT, "%nparameters    %,15d%n", network.parameterCount());
    out.printf(Locale.ROOT, "multiply-adds %,15d  one image, forward%n", network.multiplyAdds());
    out.printf(
        Locale.ROOT,
        "activations   %,15d  one image, outputs of convolutions%n",
        network.activations());
  }

  private static void stages(PrintWriter out, List<Stage> stages) {
    String blocks = "%-8s%7s  %s%n";
    String wiring = "%-8s%7s%7s%9s%7s%14s  %s%n";
    if (stages.get(0).graph() == null) {
      out.printf(blocks, "stage", "blocks", "output");
    } else {
      out.printf(wiring, "stage", "nodes", "edges", "sources", "sinks", "longest path", "output");
    }
    for (Stage stage : stages) {
      Dag graph = stage.graph();
      if (graph == null) {
        out.printf(Locale.ROOT, blocks, stage.name(), stage.blocks(), shape(stage.shape()));
      } else {
        out.printf(
            Locale.ROOT,
            wiring,
            stage.name(),
            graph.nodes(),
            graph.edgeCount(),
            graph.sources().length,
            graph.sinks().length,
            graph.longestPath(),
            shape(stage.shape()));
      }
    }
  }

  private static void plan(
      PrintWriter out, RunConfig config, Session.Description description, Backend backend) {
    CompiledProgram.Summary plan = description.trainingStep();
    Session.Forecast memory = description.forecast();
    out.printf(
        Locale.ROOT,
        "%nTraining step, batch %d, %s on %s:%n%s%n",
        config.data().batch(),
        Devices.precision(backend),
        backend.name(),
        backend.description());
    out.printf(
        Locale.ROOT,
        "%d instructions, %d kernel calls in %d regions between barriers%n",
        plan.instructions(),
        plan.calls(),
        plan.regions());
    out.printf(
        Locale.ROOT,
        "arena %.1f MiB; without reuse of memory it would be %.1f MiB%n",
        mebibytes(plan.arenaBytes()),
        mebibytes(plan.unplannedBytes()));
    Session.Evaluation evaluation = description.evaluation();
    out.printf(
        Locale.ROOT,
        "evaluation, batch %d: arena %.1f MiB with nodes side by side, %.1f MiB one by one in the"
            + " best order found (%s)%n",
        config.data().evaluationBatch(),
        mebibytes(evaluation.levelsBytes()),
        mebibytes(evaluation.orderedBytes()),
        evaluation.isOrdered() ? "taken, it saves memory" : "not needed, training decides");
    out.printf(
        Locale.ROOT,
        "memory %.1f MiB: activations %.1f, weights and momentum %.1f, batches %.1f%n",
        mebibytes(memory.totalBytes()),
        mebibytes(memory.arenaBytes()),
        mebibytes(memory.stateBytes()),
        mebibytes(memory.batchBytes()));
    out.printf(Locale.ROOT, "planned in %.2f s%n", description.planNanos() / 1e9);
  }

  private static void kernels(PrintWriter out, CompiledProgram.Summary plan) {
    out.printf("%n%5s  %s%n", "count", "kernel");
    plan.kernels().entrySet().stream()
        .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
        .forEach(e -> out.printf(Locale.ROOT, "%5d  %s%n", e.getValue(), e.getKey()));
  }

  private static Map<String, Object> nodes(Traffic traffic) {
    Map<String, Object> nodes = new LinkedHashMap<>();
    for (Traffic.Node node : traffic.nodes()) {
      Map<String, Object> values = new LinkedHashMap<>();
      values.put("bytes", node.bytes());
      values.put("outputBytes", node.outputBytes());
      values.put("tensors", node.tensors());
      nodes.put(node.name(), values);
    }
    return nodes;
  }

  /** The traffic of the nodes or blocks of stages, each in units of its output. */
  private static DoubleSummaryStatistics stageTraffic(Traffic traffic, List<Stage> stages) {
    return traffic.nodes().stream()
        .filter(node -> stages.stream().anyMatch(s -> node.name().startsWith(s.name() + ".")))
        .mapToDouble(Traffic.Node::tensors)
        .summaryStatistics();
  }

  private static void traffic(PrintWriter out, Traffic traffic, List<Stage> stages) {
    out.printf(
        Locale.ROOT,
        "%nforward and backward read and write %.1f MiB of operands%n",
        mebibytes(traffic.totalBytes()));
    String part = stages.get(0).graph() == null ? "a block" : "a node";
    String row = "%-32s%7s%7s%7s%n";
    out.printf(row, "of " + part + ", its output being 1", "mean", "least", "most");
    for (Stage stage : stages) {
      DoubleSummaryStatistics tensors = stageTraffic(traffic, List.of(stage));
      out.printf(
          row,
          stage.name(),
          tenths(tensors.getAverage()),
          tenths(tensors.getMin()),
          tenths(tensors.getMax()));
    }
  }

  private static String tenths(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  private static double mebibytes(long bytes) {
    return bytes / (double) (1 << 20);
  }
}
