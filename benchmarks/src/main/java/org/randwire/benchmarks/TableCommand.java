// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.randwire.benchmarks.engine.Precision;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code benchmarks/run table}: all networks, ours and the peers interleaved. */
@Command(
    name = "table",
    mixinStandardHelpOptions = true,
    description = {
      "Train each network with RandWire, libtorch and DJL in turn; write a table.",
      "Each measurement is a process of its own. Exit status 1 if the losses do not agree."
    })
final class TableCommand implements Callable<Integer> {

  @Option(
      names = "--network",
      split = ",",
      description = "randwire-small, randwire-cifar, resnet, resnext; all if not given.")
  private List<Network> networks = List.of(Network.values());

  @Option(names = "--precision", split = ",", description = "fp32, bf16; both if not given.")
  private List<Precision> precisions = List.of(Precision.values());

  @Option(names = "--rounds", defaultValue = "5", description = "${DEFAULT-VALUE} if not given.")
  private int rounds;

  @Option(
      names = "--seconds",
      defaultValue = "2",
      description = "How long each process measures; ${DEFAULT-VALUE} if not given.")
  private double seconds;

  @Option(names = "--threads", description = "All cores if not given.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--no-djl", description = "Leave DJL out.")
  private boolean withoutDjl;

  @Option(names = "--results", defaultValue = "results", description = "Folder to write to.")
  private Path results;

  @Override
  public Integer call() throws IOException {
    Machine machine = Machine.here();
    List<Comparison> comparisons = new ArrayList<>();
    try (Measuring measuring = new Measuring(seconds)) {
      for (Network network : networks) {
        Comparison comparison = new Comparison(Subject.of(network), measuring, threads);
        comparison.screen(precisions, !withoutDjl);
        comparison.rounds(precisions, rounds);
        comparisons.add(comparison);
      }
    }
    Table table = new Table(machine, comparisons, precisions, threads, rounds);
    String markdown = table.markdown();
    System.out.println(markdown);
    Files.createDirectories(results);
    Files.writeString(results.resolve(machine.fileName() + ".md"), markdown);
    Files.writeString(results.resolve(machine.fileName() + ".json"), json(machine, comparisons));
    return comparisons.stream().allMatch(Comparison::agrees) ? 0 : 1;
  }

  private String json(Machine machine, List<Comparison> comparisons) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("machine", machine);
    all.put("rounds", rounds);
    all.put("secondsPerProcess", seconds);
    all.put("measurements", comparisons.stream().flatMap(c -> c.measurements().stream()).toList());
    return JsonMapper.builder()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .build()
        .writeValueAsString(all);
  }
}
