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
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.randwire.benchmarks.engine.LibtorchEngine.Layout;
import org.randwire.benchmarks.engine.Precision;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code benchmarks/run sweep}: speed over the batch or the width, as JSON and a plot. */
@Command(
    name = "sweep",
    mixinStandardHelpOptions = true,
    description = {
      "Train one network at several batches or widths; write JSON and an SVG plot.",
      "Of libtorch the best variant counts at each point."
    })
final class SweepCommand implements Callable<Integer> {

  /** What changes from point to point. */
  enum Axis {
    BATCH("batch", List.of(1, 2, 4, 8, 16, 32, 64, 128, 256)),
    WIDTH("channels of the first stage", List.of(16, 32, 64, 128, 256));

    private final String title;
    private final List<Integer> points;

    Axis(String title, List<Integer> points) {
      this.title = title;
      this.points = points;
    }
  }

  /** At the widest, libtorch's step of batch 128 would hold about ten gigabytes. */
  private static final int BATCH_OF_WIDTHS = 32;

  @Parameters(paramLabel = "AXIS", description = "batch or width")
  private Axis axis;

  @Option(names = "--points", split = ",", description = "1..256 or C=16..256 if not given.")
  private @Nullable List<Integer> points;

  @Option(names = "--network", defaultValue = "randwire-cifar", description = "${DEFAULT-VALUE}")
  private Network network;

  @Option(names = "--seconds", defaultValue = "1", description = "How long each process measures.")
  private double seconds;

  @Option(names = "--rounds", defaultValue = "1", description = "Of which the median counts.")
  private int rounds;

  @Option(names = "--threads", description = "All cores if not given.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--results", defaultValue = "results", description = "Folder to write to.")
  private Path results;

  @Override
  public Integer call() throws IOException {
    Machine machine = Machine.here();
    List<Measurement> measurements = new ArrayList<>();
    Map<String, Map<Integer, Double>> curves = new LinkedHashMap<>();
    try (Measuring measuring = new Measuring(seconds)) {
      for (int point : points == null ? axis.points : points) {
        Subject subject = subject(point);
        for (Precision precision : Precision.values()) {
          String name = precision.name().toLowerCase(Locale.ROOT);
          measure(measuring, subject, List.of(Variant.ours(precision, threads)), measurements)
              .ifPresent(speed -> curve(curves, "RandWire " + name).put(point, speed));
          measure(measuring, subject, peers(precision), measurements)
              .ifPresent(speed -> curve(curves, "libtorch " + name).put(point, speed));
        }
      }
    }
    Files.createDirectories(results);
    String file = machine.fileName() + "-" + network + "-" + axis.name().toLowerCase(Locale.ROOT);
    Files.writeString(results.resolve(file + ".json"), json(machine, curves, measurements));
    String title = network + ", training, images per second";
    Files.writeString(
        results.resolve(file + ".svg"),
        SweepPlot.svg(title, machine.toString(), axis.title, curves));
    System.out.println(results.resolve(file + ".svg"));
    return 0;
  }

  private static Map<Integer, Double> curve(Map<String, Map<Integer, Double>> curves, String name) {
    return curves.computeIfAbsent(name, n -> new LinkedHashMap<>());
  }

  private Subject subject(int point) {
    return axis == Axis.BATCH
        ? new Subject(network, point, network.channels())
        : new Subject(network, Math.min(BATCH_OF_WIDTHS, network.batch()), point);
  }

  /** One thread may win where there is little to share. */
  private List<Variant> peers(Precision precision) {
    return Stream.of(
            Variant.libtorch(precision, threads, Layout.CHANNELS_LAST),
            Variant.libtorch(precision, threads, Layout.NCHW),
            Variant.libtorch(precision, 1, Layout.CHANNELS_LAST))
        .distinct()
        .toList();
  }

  /** The speed of the fastest variant, by the median of its rounds. */
  private Optional<Double> measure(
      Measuring measuring, Subject subject, List<Variant> variants, List<Measurement> all) {
    Map<Variant, List<Double>> speeds = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      for (Variant variant : variants) {
        measuring
            .measure(subject, variant)
            .ifPresent(
                m -> {
                  all.add(m);
                  speeds.computeIfAbsent(variant, v -> new ArrayList<>()).add(m.imagesPerSecond());
                });
      }
    }
    return speeds.values().stream().map(s -> Statistics.of(s).median()).max(Double::compare);
  }

  private static String json(
      Machine machine, Map<String, Map<Integer, Double>> curves, List<Measurement> measurements) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("machine", machine);
    all.put("imagesPerSecond", curves);
    all.put("measurements", measurements);
    return JsonMapper.builder()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .build()
        .writeValueAsString(all);
  }
}
