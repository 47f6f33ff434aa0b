// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import org.randwire.backend.Backend;
import org.randwire.cli.config.ConfigException;
import org.randwire.cli.config.LoadedConfig;
import org.randwire.cli.config.RunConfig;
import org.randwire.cli.config.SweepConfig;
import org.randwire.compile.Session;
import org.randwire.op.OpGraph;
import org.randwire.population.PopulationSpec;
import org.randwire.population.RunStore;
import org.randwire.population.StoredRun;
import org.randwire.population.SweepFolder;
import org.randwire.population.SweepMember;
import org.randwire.population.SweepSettings;
import org.randwire.space.Constraint;
import org.randwire.space.SampledNetwork;
import org.randwire.space.Sampler;
import org.randwire.tensor.TensorShape;

/** What a sweep will do and what it will take, before it starts. */
final class SweepPlan {

  /** Sweeps beside it that are looked through for the speed of runs. */
  private static final int MOST_NEIGHBOURS = 20;

  private static final long LARGEST_STORE_BYTES = 50L << 20;

  /** The largest by activations, and the largest by parameters, that are planned. */
  private static final int PLANNED = 2;

  private static final double MEBIBYTE = 1 << 20;

  private SweepPlan() {}

  /** The population of a sweep; its images and classes are those of the recipe's data. */
  static PopulationSpec spec(SweepConfig config) {
    List<PopulationSpec.Part> parts = new ArrayList<>();
    for (SweepConfig.SpaceEntry entry : config.spaces()) {
      RunAssembly assembly = new RunAssembly(example(config, entry));
      TensorShape input = assembly.imageShape();
      Constraint constraint =
          entry.within().isEmpty()
              ? entry.space().constraint()
              : Constraint.within(SpaceArguments.complexity(entry.within()));
      Sampler sampler =
          new Sampler(
              entry.space().space(),
              config.seed(),
              input,
              assembly.classes(),
              constraint,
              entry.tries());
      parts.add(
          new PopulationSpec.Part(
              entry.label(), sampler, input, assembly.classes(), entry.count(), entry.distinct()));
    }
    return new PopulationSpec(config.name(), config.seed(), parts);
  }

  /** The configuration of some network of a space, which checks the recipe. */
  private static LoadedConfig example(SweepConfig config, SweepConfig.SpaceEntry entry) {
    SampledNetwork network =
        new Sampler(
                entry.space().space(),
                config.seed(),
                entry.space().input(),
                entry.space().classes(),
                Constraint.NONE,
                entry.tries())
            .draw(0);
    return config.recipe().of(network.settings(), List.of("threads=" + config.workers().threads()));
  }

  /**
   * What the recipe leaves to the presets, where these differ from space to space: then errors
   * differ by more than the networks.
   */
  static List<String> differences(SweepConfig config) {
    List<String> lines = new ArrayList<>();
    Map<String, RunConfig> runs = new LinkedHashMap<>();
    config.spaces().forEach(entry -> runs.put(entry.label(), example(config, entry).config()));
    lines.addAll(differences("data", runs, run -> run.data().toString()));
    lines.addAll(differences("training", runs, run -> run.training().toString()));
    return lines;
  }

  private static List<String> differences(
      String section, Map<String, RunConfig> runs, Function<RunConfig, String> values) {
    Map<String, List<String>> parts = new LinkedHashMap<>();
    runs.forEach(
        (label, run) -> parts.put(label, List.of(values.apply(run).split(", (?=[a-zA-Z]+=)"))));
    List<String> different = new ArrayList<>();
    parts.forEach(
        (label, own) -> {
          List<String> rare =
              own.stream()
                  .filter(part -> parts.values().stream().anyMatch(other -> !other.contains(part)))
                  .map(part -> part.replaceFirst("^.*\\[", "").toLowerCase(Locale.ROOT))
                  .toList();
          if (!rare.isEmpty()) {
            different.add(label + ": " + String.join(", ", rare));
          }
        });
    return different.isEmpty()
        ? List.of()
        : List.of(
            "the presets of the spaces differ where the recipe says nothing under "
                + section
                + "; "
                + String.join("; ", different));
  }

  /** What makes the errors of this sweep others than those of the full recipe. */
  static List<String> marks(SweepConfig config) {
    RunConfig run = example(config, config.spaces().get(0)).config();
    List<String> marks = new ArrayList<>();
    if (run.data().limit() > 0) {
      marks.add("proxy data: the first " + run.data().limit() + " training examples");
    }
    if (config.proxyEpochs() > 0 && config.proxyEpochs() != run.training().epochs()) {
      marks.add("proxy: " + run.training().epochs() + " of " + config.proxyEpochs() + " epochs");
    }
    return marks;
  }

  /**
   * The forecast in a few lines.
   *
   * @throws CliException if a network does not fit into the machine's memory
   */
  static List<String> forecast(SweepFolder folder, SweepConfig config, List<SweepMember> members)
      throws IOException {
    List<String> lines = new ArrayList<>();
    List<SweepMember> trained = members.subList(0, config.budget().members(members.size()));
    Map<String, Long> counts = new LinkedHashMap<>();
    trained.forEach(member -> counts.merge(member.label(), 1L, Long::sum));
    double work = trained.stream().mapToDouble(SweepMember::multiplyAdds).sum();
    lines.add(
        String.format(
            Locale.ROOT,
            "%d networks (%s), %.1f M multiply-adds on average",
            trained.size(),
            String.join(
                ", ",
                counts.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList()),
            work / trained.size() / 1e6));
    lines.add(memory(folder, config, trained));
    lines.add(time(folder, config, trained));
    return lines;
  }

  private static String memory(SweepFolder folder, SweepConfig config, List<SweepMember> members)
      throws IOException {
    Set<SweepMember> candidates = new LinkedHashSet<>();
    members.stream()
        .sorted(Comparator.comparingLong(SweepMember::activations).reversed())
        .limit(PLANNED)
        .forEach(candidates::add);
    members.stream()
        .sorted(Comparator.comparingLong(SweepMember::params).reversed())
        .limit(PLANNED)
        .forEach(candidates::add);
    long most = 0;
    long available = Long.MAX_VALUE;
    for (SweepMember member : candidates) {
      LoadedConfig loaded =
          config
              .recipe()
              .ofMember(
                  folder.population(),
                  member.number() + 1,
                  List.of("threads=" + config.workers().threads()));
      RunAssembly assembly = new RunAssembly(loaded);
      OpGraph graph = assembly.network(assembly.stageGraphs());
      try (Backend backend = assembly.backend()) {
        Session.Description description =
            Session.describe(graph, assembly.settings().session(), backend);
        long bytes = description.forecast().totalBytes();
        available = Math.min(available, backend.availableBytes());
        if (bytes > available) {
          throw new CliException(
              ExitStatus.DEVICE,
              String.format(
                  Locale.ROOT,
                  "%s:%d: %s needs %.2f GiB to train and %.2f are free; a smaller data.batch or a"
                      + " constraint on activations would fit",
                  folder.population(),
                  member.number() + 1,
                  member.name(),
                  bytes / MEBIBYTE / 1024,
                  available / MEBIBYTE / 1024));
        }
        most = Math.max(most, bytes);
      }
    }
    int networks = config.workers().count() * config.workers().pack();
    if ((double) most * networks > available) {
      long fitting = Math.max(1, available / most);
      throw new CliException(
          ExitStatus.DEVICE,
          String.format(
              Locale.ROOT,
              "%d networks at once need up to %.2f GiB and %.2f are free; workers.processes=%d"
                  + " would fit",
              networks,
              most * (double) networks / MEBIBYTE / 1024,
              available / MEBIBYTE / 1024,
              Math.max(1, fitting / config.workers().pack())));
    }
    return String.format(
        Locale.ROOT,
        "memory: up to %.0f MiB for a network, %d at once, %.1f GiB free",
        most / MEBIBYTE,
        networks,
        available / MEBIBYTE / 1024);
  }

  private static String time(SweepFolder folder, SweepConfig config, List<SweepMember> members)
      throws IOException {
    int networks = config.workers().count() * config.workers().pack();
    OptionalDouble speed = speed(folder);
    if (speed.isEmpty()) {
      return networks
          + " networks at once; how long it takes shows once the first have ended, no earlier runs"
          + " are at hand";
    }
    RunConfig run = example(config, config.spaces().get(0)).config();
    double work =
        members.stream().mapToDouble(SweepMember::multiplyAdds).sum() * run.training().epochs();
    double hours = work / speed.getAsDouble() / networks / 3600;
    return String.format(
        Locale.ROOT,
        "%d networks at once; about %.2g hours by the speed of earlier runs on the same data",
        networks,
        hours);
  }

  /** Multiply-adds times epochs per second of one network, of this sweep or of those beside it. */
  private static OptionalDouble speed(SweepFolder folder) throws IOException {
    List<Path> stores = new ArrayList<>(List.of(folder.path()));
    Path parent = folder.path().toAbsolutePath().getParent();
    if (parent != null) {
      try (DirectoryStream<Path> beside = Files.newDirectoryStream(parent, SweepFolder::isSweep)) {
        beside.forEach(stores::add);
      }
    }
    double work = 0;
    double seconds = 0;
    String mine = recipeData(folder);
    for (Path path : stores.subList(0, Math.min(MOST_NEIGHBOURS, stores.size()))) {
      SweepFolder neighbour = new SweepFolder(path);
      if (!recipeData(neighbour).equals(mine) || size(neighbour.store()) > LARGEST_STORE_BYTES) {
        continue;
      }
      for (StoredRun run : new RunStore(neighbour.store(), 0).runs().values()) {
        if (run.seconds() > 0) {
          work += (double) run.multiplyAdds() * run.epochs().size();
          seconds += run.seconds();
        }
      }
    }
    return work > 0 && seconds > 0 ? OptionalDouble.of(work / seconds) : OptionalDouble.empty();
  }

  /** The line of the recipe's data; speed is one of images, so the same examples are needed. */
  private static String recipeData(SweepFolder folder) throws IOException {
    return Files.readAllLines(folder.config()).stream()
        .filter(line -> line.startsWith("recipe:"))
        .findFirst()
        .map(line -> line.replaceFirst(".*\\bdata: (\\{[^}]*\\}).*", "$1"))
        .orElse("");
  }

  private static long size(Path store) throws IOException {
    if (!Files.isDirectory(store)) {
      return 0;
    }
    long bytes = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(store)) {
      for (Path file : files) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  /** Settings and marks of a sweep. */
  static SweepSettings settings(SweepConfig config) throws ConfigException {
    return config.settings(marks(config));
  }
}
