// SPDX-License-Identifier: Apache-2.0
package org.randwire.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.randwire.benchmarks.PopulationPart.Mode;
import org.randwire.benchmarks.engine.Precision;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code benchmarks/run population}: many small networks, packed or one after the other. */
@Command(
    name = "population",
    mixinStandardHelpOptions = true,
    description = {
      "Train the first networks of the ResNet design space for some steps each: by RandWire one",
      "network per core, by RandWire one after the other on all cores, and so by libtorch in both layouts.",
      "Building counts, starting the process does not. The ways take turns, part by part."
    })
final class PopulationCommand implements Callable<Integer> {

  @Option(names = "--networks", defaultValue = "64", description = "${DEFAULT-VALUE}")
  private int networks;

  @Option(names = "--batch", defaultValue = "128", description = "${DEFAULT-VALUE}")
  private int batch;

  @Option(names = "--steps", defaultValue = "4", description = "Of each; ${DEFAULT-VALUE}.")
  private int steps;

  @Option(names = "--parts", defaultValue = "4", description = "${DEFAULT-VALUE}")
  private int parts;

  @Option(names = "--precision", split = ",", description = "fp32, bf16; both if not given.")
  private List<Precision> precisions = List.of(Precision.values());

  @Option(names = "--threads", description = "All cores if not given.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--results", defaultValue = "results", description = "Folder to write to.")
  private Path results;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Machine machine = Machine.here();
    Map<Precision, Map<Mode, Sum>> sums = new LinkedHashMap<>();
    for (int part = 0; part < parts; part++) {
      int from = part * networks / parts;
      int to = (part + 1) * networks / parts;
      for (Precision precision : precisions) {
        List<Double> first = null;
        for (Mode mode : Mode.values()) {
          JsonNode result = run(mode, precision, from, to);
          double taken = result.get("seconds").asDouble();
          List<Double> own = new ArrayList<>();
          result.get("losses").forEach(loss -> own.add(Double.valueOf(loss.asString())));
          first = first == null ? own : first;
          Sum sum = new Sum(taken, others(first, own, precision));
          sums.computeIfAbsent(precision, p -> new LinkedHashMap<>()).merge(mode, sum, Sum::plus);
          System.err.printf(
              Locale.ROOT,
              "networks %d to %d, %s, %s: %.1f s%n",
              from,
              to - 1,
              precision,
              mode.words(),
              taken);
        }
      }
    }
    String markdown = markdown(machine, sums);
    System.out.print(markdown);
    Files.createDirectories(results);
    Files.writeString(results.resolve(machine.fileName() + "-population.md"), markdown);
    return 0;
  }

  private JsonNode run(Mode mode, Precision precision, int from, int to)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(Measuring.java());
    command.addAll(
        List.of(
            "population-part",
            "--mode=" + mode,
            "--precision=" + precision,
            "--from=" + from,
            "--to=" + to,
            "--batch=" + batch,
            "--steps=" + steps,
            "--threads=" + threads));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    if (mode.isOurs()) {
      Measuring.asTheLauncher(builder);
    }
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes());
    if (process.waitFor() != 0) {
      throw new IOException(mode.words() + " ended with status " + process.exitValue());
    }
    return JsonMapper.shared().readTree(output);
  }

  /** Of the parts so far; {@code others}: networks whose loss is not that of the first way. */
  private record Sum(double seconds, int others) {
    Sum plus(Sum next) {
      return new Sum(seconds + next.seconds, others + next.others);
    }
  }

  private static int others(List<Double> first, List<Double> own, Precision precision) {
    double tolerance = precision == Precision.FP32 ? 1e-3 : 5e-2;
    int others = 0;
    for (int i = 0; i < first.size(); i++) {
      others += Math.abs(own.get(i) / first.get(i) - 1) <= tolerance ? 0 : 1;
    }
    return others;
  }

  private String markdown(Machine machine, Map<Precision, Map<Mode, Sum>> sums) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%d networks of the ResNet space (within ResNet-56), batch %d, %d steps each, %d"
                + " threads.%n%n%s%n%n| precision | way | seconds | images/s | packed is faster by"
                + " | other losses than the first way's |%n"
                + "|---|---|---|---|---|---|%n",
            networks,
            batch,
            steps,
            threads,
            machine));
    sums.forEach(
        (precision, modes) ->
            modes.forEach(
                (mode, sum) ->
                    text.append(
                        String.format(
                            Locale.ROOT,
                            "| %s | %s | %.1f | %.0f | %.2f | %d of %d |%n",
                            precision.name().toLowerCase(Locale.ROOT),
                            mode.words(),
                            sum.seconds(),
                            (double) networks * steps * batch / sum.seconds(),
                            sum.seconds() / modes.get(Mode.PACKED).seconds(),
                            sum.others(),
                            networks))));
    return text.toString();
  }
}
