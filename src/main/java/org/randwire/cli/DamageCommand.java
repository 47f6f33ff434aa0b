// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.randwire.backend.Backend;
import org.randwire.cli.DamageLog.Removal;
import org.randwire.cli.config.LoadedConfig;
import org.randwire.cli.config.RunConfig;
import org.randwire.cli.config.RunConfig.Family;
import org.randwire.graph.Dag;
import org.randwire.graph.Edge;
import org.randwire.network.randwire.RandWireSpec;
import org.randwire.op.OpGraph;
import org.randwire.report.DamageStudy;
import org.randwire.report.Study;
import org.randwire.training.CheckpointStore;
import org.randwire.training.Evaluation;
import org.randwire.training.GraphDamage;
import org.randwire.training.Trainer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code randwire study damage}: trained networks with each node and each edge removed in turn. */
@Command(
    name = "damage",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Remove each node and each edge of trained randomly wired networks in turn,",
      "evaluate, and set the accuracy lost beside the RandWire paper's Figure 5.",
      "A removed edge adds exactly 0 to the sum it entered; a removed node sends 0",
      "along every edge and into its stage's output. Nothing is trained anew.",
      "Every removal becomes a line of RUN/damage.jsonl; a study that was stopped",
      "goes on from there. Named in place of a run, such a file is reported alone."
    })
final class DamageCommand implements Callable<Integer> {

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "RUN|CHECKPOINT|FILE.jsonl",
      description =
          "Runs; several of a generator make a mean and a spread. Settings that differ from the"
              + " runs' may follow: device, threads, precision, fusion, data.path and"
              + " data.evaluationBatch.")
  private List<String> arguments = new ArrayList<>();

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Evaluate on the first N test images (all).")
  private int limit;

  @Mixin private final ChartOutput charts = new ChartOutput();

  @Mixin private final ResultOutput output = new ResultOutput();

  /** A run whose removals are to be made or are made already. */
  private record Subject(
      String name,
      RunAssembly assembly,
      List<Dag> graphs,
      CheckpointStore.Restored checkpoint,
      Map<String, Object> settings,
      DamageLog log) {

    List<Removal> removals() {
      List<Removal> removals = new ArrayList<>();
      for (int stage = 0; stage < graphs.size(); stage++) {
        Dag dag = graphs.get(stage);
        for (int node = 0; node < dag.nodes(); node++) {
          removals.add(new Removal(stage + 1, node, -1, dag.outDegree(node)));
        }
      }
      for (int stage = 0; stage < graphs.size(); stage++) {
        Dag dag = graphs.get(stage);
        for (Edge edge : dag.edges()) {
          removals.add(new Removal(stage + 1, edge.from(), edge.to(), dag.inDegree(edge.to())));
        }
      }
      return removals;
    }
  }

  @Override
  public Integer call() throws IOException {
    if (limit < 0) {
      throw new CliException(
          ExitStatus.USAGE, "--limit: expected a number of images, found " + limit);
    }
    List<String> overrides =
        arguments.stream().filter(a -> a.contains("=") && !Files.exists(Path.of(a))).toList();
    overrides.forEach(EvaluateCommand::requireHarmless);
    List<Path> paths =
        arguments.stream().filter(a -> !overrides.contains(a)).map(Path::of).toList();
    if (paths.isEmpty()) {
      throw new CliException(ExitStatus.USAGE, "name a run, or a file of its removals");
    }
    // Everything is looked at before anything is computed.
    List<DamageStudy.Network> networks = new ArrayList<>();
    Map<Path, Subject> subjects = new LinkedHashMap<>();
    for (Path path : paths) {
      if (DamageLog.isLog(path)) {
        networks.add(DamageLog.read(path).network(path.toString()));
      } else {
        Path folder = RunFolder.containing(path).path().toRealPath();
        if (subjects.put(folder, subject(path, overrides)) != null) {
          throw new CliException(ExitStatus.USAGE, path + ": its run is named twice");
        }
      }
    }
    for (Subject subject : subjects.values()) {
      damage(subject);
      networks.add(subject.log().network(subject.name()));
    }
    Study study = DamageStudy.of(networks);
    if (charts.isWanted()) {
      charts.write(
          study.charts(),
          () -> Study.html("Graph damage", images(networks), List.of(study), commandLine()),
          output);
    }
    print(study, networks);
    return ExitStatus.DONE.code();
  }

  private Subject subject(Path path, List<String> overrides) throws IOException {
    RunFolder folder = RunFolder.containing(path);
    LoadedConfig loaded = folder.load(overrides);
    RunConfig.Network network = loaded.config().network();
    if (network.family() != Family.RANDWIRE) {
      throw new CliException(
          ExitStatus.USAGE,
          path
              + ": "
              + network.name()
              + " has no random graph to damage; the randwire networks have");
    }
    CheckpointStore.Restored checkpoint = RunFolder.checkpoint(path);
    checkpoint.skipped().forEach(line -> output.note("skipped " + line));
    RunAssembly assembly = new RunAssembly(loaded);
    List<Dag> graphs = assembly.stageGraphs();
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("network", checkpoint.checkpoint().network());
    settings.put("family", family(network.graph()));
    settings.put("graphSeed", network.graph().seed());
    settings.put("seed", loaded.config().seed());
    settings.put("step", checkpoint.checkpoint().step());
    settings.put("limit", limit);
    settings.put("precision", loaded.config().precision().name().toLowerCase(Locale.ROOT));
    DamageLog log = DamageLog.continued(folder.path().resolve(DamageLog.FILE), settings);
    return new Subject(folder.path().toString(), assembly, graphs, checkpoint, settings, log);
  }

  /** The generator as the paper writes it; graphs of one's own are a family of their own. */
  static String family(RunConfig.RandomWiring wiring) {
    if (!wiring.files().isEmpty()) {
      return "graphs of files";
    }
    String p = String.format(Locale.ROOT, "%s", wiring.p()).replaceFirst("\\.0$", "");
    return switch (wiring.generator()) {
      case ER -> "ER(" + p + ")";
      case BA -> "BA(" + wiring.m() + ")";
      case WS -> "WS(" + wiring.k() + ", " + p + ")";
    };
  }

  private void damage(Subject subject) throws IOException {
    List<Removal> missing = subject.log().missing(subject.removals());
    if (missing.isEmpty()) {
      return;
    }
    RunAssembly assembly = subject.assembly();
    OpGraph graph = assembly.network(subject.graphs());
    long start = System.nanoTime();
    try (Backend backend = assembly.backend();
        Trainer trainer = assembly.trainer(graph, backend, assembly.evaluationData(limit))) {
      trainer.restore(subject.checkpoint().checkpoint());
      GraphDamage damage = new GraphDamage(trainer);
      subject.log().repair();
      if (subject.log().isEmpty()) {
        Map<String, Object> settings = new LinkedHashMap<>(subject.settings());
        settings.put("device", backend.name());
        settings.put("activations", Devices.precision(backend));
        subject.log().begin(settings, damage.intact());
      }
      for (Removal removal : missing) {
        subject.log().add(removal, evaluate(damage, removal));
      }
    }
    output.note(
        String.format(
            Locale.ROOT,
            "%s: %,d removals in %.0f s",
            subject.name(),
            missing.size(),
            (System.nanoTime() - start) / 1e9));
  }

  private static Evaluation evaluate(GraphDamage damage, Removal removal) {
    String node = RandWireSpec.nodeName(removal.stage() - 1, removal.node());
    return removal.isNode()
        ? damage.withoutNode(node)
        : damage.withoutEdge(node, RandWireSpec.nodeName(removal.stage() - 1, removal.target()));
  }

  private static String images(List<DamageStudy.Network> networks) {
    return String.format(
        Locale.ROOT,
        "%d trained network%s evaluated on %s",
        networks.size(),
        networks.size() == 1 ? "" : "s,",
        networks.stream()
            .mapToInt(DamageStudy.Network::images)
            .distinct()
            .sorted()
            .mapToObj(n -> String.format(Locale.ROOT, "the first %,d test images", n))
            .reduce((a, b) -> a + " or " + b)
            .orElseThrow());
  }

  private String commandLine() {
    return "randwire "
        + String.join(" ", spec.commandLine().getParent().getParseResult().originalArgs());
  }

  private void print(Study study, List<DamageStudy.Network> networks) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("evaluated", images(networks));
    values.put("findings", study.findings());
    values.put("numbers", study.numbers());
    output.print(values, out -> print(out, study, images(networks)));
  }

  /** A study as text: findings, then tables. */
  static void print(PrintWriter out, Study study, String of) {
    out.println(study.title());
    out.println(of);
    study.findings().forEach(finding -> out.println("  " + finding));
    for (Study.Table table : study.tables()) {
      out.println();
      out.println(table.caption());
      table.lines().forEach(line -> out.println("  " + line));
    }
  }
}
