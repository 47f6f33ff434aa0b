// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code randwire summary}: runs of one network with several seeds, beside the paper's row. */
@Command(
    name = "summary",
    mixinStandardHelpOptions = true,
    description = {
      "Mean and standard deviation of the test error of several runs.",
      "Runs of one preset, data set and test size make one row; those on the 1000",
      "classes of ImageNet stand beside the paper's."
    })
final class SummaryCommand implements Callable<Integer> {

  private static final int IMAGENET_CLASSES = 1000;

  @Parameters(
      arity = "1..*",
      paramLabel = "RUN|FILE",
      description = "Folder of a finished run, or what evaluate --json printed.")
  private List<Path> paths = new ArrayList<>();

  @Mixin private final ResultOutput output = new ResultOutput();

  /** What makes runs comparable. */
  private record Kind(String preset, String data, int size, int classes)
      implements Comparable<Kind> {
    @Override
    public int compareTo(Kind other) {
      return toString().compareTo(other.toString());
    }

    String describe() {
      return preset + " on " + data + (size > 0 ? ", tested at " + size : "");
    }
  }

  private record Run(
      double top1Error, double top5Error, double params, double multiplyAdds, boolean diverged) {}

  /** Mean and, of two or more, sample standard deviation (n - 1). */
  private record Moments(double mean, double deviation) {
    static Moments of(double[] values) {
      double sum = 0;
      for (double value : values) {
        sum += value;
      }
      double mean = sum / values.length;
      double squares = 0;
      for (double value : values) {
        squares += (value - mean) * (value - mean);
      }
      return new Moments(mean, Math.sqrt(squares / (values.length - 1)));
    }

    String text(double unit, int digits) {
      String format = "%." + digits + "f";
      String text = String.format(Locale.ROOT, format, mean / unit);
      return Double.isNaN(deviation)
          ? text
          : text + " ± " + String.format(Locale.ROOT, format, deviation / unit);
    }
  }

  /**
   * A row of Xie et al. (2019), mean and standard deviation over five instances.
   *
   * @param source the table; Table 3 as others quote it, the print was not at hand
   */
  private record Paper(
      String preset,
      int size,
      String source,
      Moments top1Error,
      Moments top5Error,
      Moments params,
      Moments multiplyAdds) {}

  private static final List<Paper> PAPER =
      List.of(
          paper("randwire-small", 224, "Table 2", 25.3, 0.25, 7.8, 0.15, 5.6, 0.1, 583, 6.2),
          paper(
              "randwire-regular-109",
              224,
              "Table 3, as quoted",
              21.0,
              0.17,
              5.6,
              0.11,
              31.9,
              0.66,
              4000,
              90),
          paper(
              "randwire-regular-154",
              224,
              "Table 3, as quoted",
              19.9,
              0.19,
              5.2,
              0.18,
              61.5,
              1.32,
              7900,
              180),
          paper(
              "randwire-regular-154",
              320,
              "Table 4",
              18.4,
              0.13,
              4.4,
              0.07,
              61.5,
              1.32,
              16000,
              360));

  private static Paper paper(String preset, int size, String source, double... v) {
    return new Paper(
        preset,
        size,
        source,
        new Moments(v[0] / 100, v[1] / 100),
        new Moments(v[2] / 100, v[3] / 100),
        new Moments(v[4] * 1e6, v[5] * 1e6),
        new Moments(v[6] * 1e6, v[7] * 1e6));
  }

  private static @Nullable Paper paper(Kind kind) {
    return PAPER.stream()
        .filter(row -> kind.data.equals("imagefolder") && kind.classes == IMAGENET_CLASSES)
        .filter(row -> row.preset.equals(kind.preset) && row.size == kind.size)
        .findFirst()
        .orElse(null);
  }

  @Override
  public Integer call() throws IOException {
    Map<Kind, List<Run>> kinds = new TreeMap<>();
    for (Path path : paths) {
      read(path, kinds);
    }
    List<Map<String, Object>> rows = new ArrayList<>();
    kinds.forEach((kind, runs) -> rows.add(row(kind, runs)));
    output.print(Map.of("networks", rows), out -> kinds.forEach((k, runs) -> print(out, k, runs)));
    return ExitStatus.DONE.code();
  }

  private static void read(Path path, Map<Kind, List<Run>> into) throws IOException {
    Path file = path;
    if (!Files.isRegularFile(path)) {
      RunFolder folder = RunFolder.containing(path);
      file = folder.result();
      if (!Files.isRegularFile(file)) {
        throw new CliException(
            ExitStatus.DATA, path + ": no result yet; go on with: randwire train --resume " + path);
      }
    }
    JsonNode json;
    try {
      json = JsonMapper.shared().readTree(Files.readString(file));
    } catch (JacksonException | MalformedInputException e) {
      throw notAResult(file);
    }
    String preset = json.path("network").asString("").split("#", 2)[0];
    boolean diverged = json.path("state").asString("").equals("diverged");
    JsonNode error = json.path(json.has("testError") ? "testError" : "lastTestError");
    if (preset.isEmpty() || (!error.isNumber() && !diverged)) {
      throw notAResult(file);
    }
    Kind kind =
        new Kind(
            preset,
            json.path("data").asString("data not recorded"),
            json.path("size").asInt(0),
            json.path("classes").asInt(0));
    into.computeIfAbsent(kind, k -> new ArrayList<>())
        .add(
            new Run(
                error.asDouble(Double.NaN),
                json.path(json.has("testError") ? "testTop5Error" : "lastTestTop5Error")
                    .asDouble(Double.NaN),
                json.path("params").asDouble(Double.NaN),
                json.path("multiplyAdds").asDouble(Double.NaN),
                diverged));
  }

  private static CliException notAResult(Path file) {
    return new CliException(
        ExitStatus.DATA,
        file + ": expected result.json of a run or what evaluate --json printed, found neither");
  }

  private static double[] values(List<Run> runs, ToDoubleFunction<Run> of) {
    return runs.stream().filter(run -> !run.diverged).mapToDouble(of).toArray();
  }

  private static Map<String, Object> row(Kind kind, List<Run> runs) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("network", kind.preset);
    row.put("data", kind.data);
    row.put("size", kind.size);
    row.put("runs", runs.size());
    row.put("diverged", runs.stream().filter(run -> run.diverged).count());
    put(row, "top1Error", Moments.of(values(runs, Run::top1Error)));
    put(row, "top5Error", Moments.of(values(runs, Run::top5Error)));
    put(row, "params", Moments.of(values(runs, Run::params)));
    put(row, "multiplyAdds", Moments.of(values(runs, Run::multiplyAdds)));
    Paper paper = paper(kind);
    if (paper != null) {
      Map<String, Object> published = new LinkedHashMap<>();
      published.put("source", "Xie et al. 2019, " + paper.source);
      put(published, "top1Error", paper.top1Error);
      put(published, "top5Error", paper.top5Error);
      put(published, "params", paper.params);
      put(published, "multiplyAdds", paper.multiplyAdds);
      row.put("paper", published);
    }
    return row;
  }

  /** What cannot be said, the spread of one run, is left out. */
  private static void put(Map<String, Object> row, String name, Moments moments) {
    if (Double.isFinite(moments.mean)) {
      row.put(name, moments.mean);
    }
    if (Double.isFinite(moments.deviation)) {
      row.put(name + "Deviation", moments.deviation);
    }
  }

  private static final String LINE = "  %-24s %-16s %-15s %-15s %s%n";

  private static void print(PrintWriter out, Kind kind, List<Run> runs) {
    out.println(kind.describe());
    out.printf(LINE, "", "top-1 error, %", "top-5 error, %", "parameters, M", "multiply-adds, M");
    long diverged = runs.stream().filter(run -> run.diverged).count();
    long rest = runs.size() - diverged;
    String name =
        rest + (rest == 1 ? " run" : " runs") + (diverged > 0 ? ", " + diverged + " diverged" : "");
    if (rest > 0) {
      line(
          out,
          name,
          Moments.of(values(runs, Run::top1Error)),
          Moments.of(values(runs, Run::top5Error)),
          Moments.of(values(runs, Run::params)),
          Moments.of(values(runs, Run::multiplyAdds)));
    } else {
      out.println("  " + name);
    }
    Paper paper = paper(kind);
    if (paper != null) {
      line(
          out,
          "paper, " + paper.source,
          paper.top1Error,
          paper.top5Error,
          paper.params,
          paper.multiplyAdds);
    }
  }

  private static void line(
      PrintWriter out, String name, Moments top1, Moments top5, Moments params, Moments macs) {
    out.printf(
        LINE, name, top1.text(0.01, 2), top5.text(0.01, 2), params.text(1e6, 2), macs.text(1e6, 0));
  }
}
