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
    Map<Precision, Map<Mode, Double>> seconds = new LinkedHashMap<>();
    for (int part = 0; part < parts; part++) {
      int from = part * networks / parts;
      int to = (part + 1) * networks / parts;
      for (Precision precision : precisions) {
        for (Mode mode : Mode.values()) {
          double taken = run(mode, precision, from, to);
          seconds
              .computeIfAbsent(precision, p -> new LinkedHashMap<>())
              .merge(mode, taken, Double::sum);
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
    String markdown = markdown(machine, seconds);
    System.out.print(markdown);
    Files.createDirectories(results);
    Files.writeString(results.resolve(machine.fileName() + "-population.md"), markdown);
    return 0;
  }

  private double run(Mode mode, Precision precision, int from, int to)
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
    return JsonMapper.shared().readTree(output).get("seconds").asDouble();
  }

  private String markdown(Machine machine, Map<Precision, Map<Mode, Double>> seconds) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%d networks of the ResNet space (within ResNet-56), batch %d, %d steps each, %d"
                + " threads.%n%n%s%n%n| precision | way | seconds | images/s | packed is faster by |%n"
                + "|---|---|---|---|---|%n",
            networks,
            batch,
            steps,
            threads,
            machine));
    seconds.forEach(
        (precision, modes) ->
            modes.forEach(
                (mode, taken) ->
                    text.append(
                        String.format(
                            Locale.ROOT,
                            "| %s | %s | %.1f | %.0f | %.2f |%n",
                            precision.name().toLowerCase(Locale.ROOT),
                            mode.words(),
                            taken,
                            (double) networks * steps * batch / taken,
                            taken / modes.get(Mode.PACKED)))));
    return text.toString();
  }
}
