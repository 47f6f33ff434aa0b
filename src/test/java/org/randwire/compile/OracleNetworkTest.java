// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.op.Add;
import org.randwire.op.AveragePool;
import org.randwire.op.BatchNorm;
import org.randwire.op.Concat;
import org.randwire.op.Convolution;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.MaxPool;
import org.randwire.op.Mean;
import org.randwire.op.Op;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Section;
import org.randwire.op.WeightedSum;
import org.randwire.op.Window;
import org.randwire.tensor.TensorShape;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Five SGD steps of networks computed once by libtorch. Every {@code *.json} of the folder named by
 * the property {@code randwire.reference} is rebuilt from its own list of ops and run on every
 * backend, so a file put there is a test. The format is described in the files themselves.
 */
class OracleNetworkTest {

  static Stream<OracleRun> runs() throws Exception {
    Path data = Path.of(System.getProperty("randwire.testdata", "../shared/data"));
    Path folder =
        Path.of(System.getProperty("randwire.reference", data.resolve("reference").toString()));
    Assumptions.assumeTrue(
        Files.isDirectory(folder),
        "no oracle networks: " + folder + " does not exist (property randwire.reference)");
    List<OracleRun> runs = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
        for (Backends.Named backend : Backends.exact()) {
          for (boolean fusion : new boolean[] {true, false}) {
            runs.add(new OracleRun(file, backend, fusion));
          }
        }
      }
    }
    assertTrue(!runs.isEmpty(), "no *.json in " + folder);
    return runs.stream();
  }

  record OracleRun(Path file, Backends.Named backend, boolean fusion) {
    @Override
    public String toString() {
      return file.getFileName() + " on " + backend.name() + (fusion ? "" : " without fusion");
    }
  }

  @ParameterizedTest
  @MethodSource("runs")
  void agreesWithLibtorch(OracleRun run) throws Exception {
    JsonNode file = JsonMapper.shared().readTree(Files.readString(run.file()));
    try (Backend backend = run.backend().open().get()) {
      boolean doubles = backend.parameterType().sizeBytes() == 8;
      new OracleCheck(file, doubles ? "f64" : "f32", doubles ? 1e-9 : 1e-4)
          .check(backend, run.fusion());
    }
  }

  /** One file against one backend. */
  private static final class OracleCheck {
    /** Rounding of float32 sums, relative to the largest gradient of the network. */
    private static final double NOISE = 1e-6;

    private final JsonNode file;
    private final JsonNode expected;
    private final double tolerance;
    private double noise;

    /** Names in the file to ours. */
    private final Map<String, String> parameters = new LinkedHashMap<>();

    private final Map<String, JsonNode> specs = new LinkedHashMap<>();

    OracleCheck(JsonNode file, String precision, double tolerance) {
      this.file = file;
      this.expected = file.get(precision);
      this.tolerance = tolerance;
    }

    void check(Backend backend, boolean fusion) {
      OpGraph graph = graph();
      assertEquals(file.get("param_count").asLong(), graph.parameterCount(), "parameters");
      int batch = file.get("batch").asInt();
      Session.Options options = new Session.Options(batch, batch, 0.1, fusion, false, true, false);
      try (Session session = Session.open(graph, options, backend)) {
        setParameters(session.state());
        CompiledProgram training = session.training();
        training.setImages(images(graph.inputShape().withBatch(batch), training));
        training.setLabels(ints(file.get("labels").get("values")));
        JsonNode sgd = file.get("sgd");
        for (int step = 1; step <= 5; step++) {
          training.run();
          compare(
              "loss before update " + step,
              expected.get("loss_before_update_of_step_1_to_5").get(step - 1).asDouble(),
              mean(training.losses()),
              1);
          if (step == 1) {
            compareAll("logits", doubles(expected.get("logits_step1")), training.logits());
            compareSummaries(session, Section.GRADIENTS, "grad_step1");
          }
          session.update(
              sgd.get("lr").asDouble(),
              sgd.get("momentum").asDouble(),
              sgd.get("weight_decay").asDouble(),
              0,
              0);
          if (step == 1 || step == 5) {
            compareSummaries(session, Section.PARAMETERS, "param_after_step" + step);
            compareRunningStatistics(session, "running_stats_after_step" + step);
          }
        }
        training.run();
        compare(
            "loss after 5 updates",
            expected.get("loss_after_5_updates").asDouble(),
            mean(training.losses()),
            1);
      }
    }

    private OpGraph graph() {
      OpGraph.Builder graph = null;
      List<Integer> ids = new ArrayList<>();
      for (JsonNode op : file.get("ops")) {
        String name = op.get("name").asString();
        if (op.get("kind").asString().equals("INPUT")) {
          int[] shape = ints(op.get("out"));
          graph = new OpGraph.Builder(TensorShape.example(shape[0], shape[1], shape[2]));
          ids.add(graph.input());
          continue;
        }
        List<Integer> inputs = new ArrayList<>();
        op.get("in").forEach(id -> inputs.add(ids.get(id.asInt())));
        int id = graph.add(name, op(op), inputs);
        int[] shape = ints(op.get("out"));
        assertEquals(TensorShape.example(shape[0], shape[1], shape[2]), graph.shape(id), name);
        ids.add(id);
        if (op.has("params")) {
          for (JsonNode spec : op.get("params")) {
            String theirs = spec.get("name").asString();
            parameters.put(theirs, ours(theirs));
            specs.put(theirs, spec);
          }
        }
      }
      return graph.build();
    }

    /** {@code bn1.gamma} is our {@code bn1.weight}. */
    private static String ours(String theirs) {
      int dot = theirs.lastIndexOf('.');
      return theirs.substring(0, dot)
          + switch (theirs.substring(dot + 1)) {
            case "conv", "edge", "gamma", "fcw" -> ".weight";
            case "beta", "fcb" -> ".bias";
            default -> fail("parameter " + theirs + " is not known here");
          };
    }

    private static Op op(JsonNode op) {
      int channels = op.get("out").get(0).asInt();
      return switch (op.get("kind").asString()) {
        case "CONV" -> new Convolution(channels, window(op), op.get("groups").asInt());
        case "BN" -> BatchNorm.DEFAULT;
        case "RELU" -> new Relu();
        case "WSUM" -> new WeightedSum(0);
        case "ADD" -> new Add();
        case "MEAN" -> new Mean();
        case "CONCAT" -> new Concat();
        case "MAXPOOL" -> new MaxPool(window(op));
        case "AVGPOOL" -> new AveragePool(window(op));
        case "GAP" -> new GlobalAveragePool();
        case "FC" -> new Linear(channels);
        default -> fail("op kind " + op.get("kind") + " is not known here");
      };
    }

    private static Window window(JsonNode op) {
      int k = op.get("k").asInt();
      int stride = op.get("stride").asInt();
      int pad = op.get("pad").asInt();
      int dilation = op.has("dilation") ? op.get("dilation").asInt() : 1;
      return new Window(k, k, stride, stride, pad, pad, dilation);
    }

    private void setParameters(NetworkState state) {
      specs.forEach(
          (theirs, spec) -> {
            int size = 1;
            for (int dimension : ints(spec.get("shape"))) {
              size *= dimension;
            }
            double[] values = new double[size];
            for (int i = 0; i < size; i++) {
              values[i] =
                  hashed(
                      spec.get("stream").asLong(),
                      i,
                      (float) spec.get("width").asDouble(),
                      (float) spec.get("centre").asDouble());
            }
            state.set(Section.PARAMETERS, parameters.get(theirs), values);
          });
    }

    private float[] images(TensorShape shape, CompiledProgram program) {
      JsonNode input = file.get("input");
      float[] images = new float[shape.batch() * shape.pixels() * program.imageChannels()];
      int index = 0;
      for (int n = 0; n < shape.batch(); n++) {
        for (int c = 0; c < shape.channels(); c++) {
          for (int p = 0; p < shape.pixels(); p++, index++) {
            int at =
                program.channelsLast()
                    ? (n * shape.pixels() + p) * program.imageChannels() + c
                    : index;
            images[at] =
                hashed(
                    input.get("stream").asLong(),
                    index,
                    (float) input.get("width").asDouble(),
                    (float) input.get("centre").asDouble());
          }
        }
      }
      return images;
    }

    /** The counter hash the file documents under {@code hash}. */
    private static float hashed(long stream, long index, float width, float centre) {
      long z = stream * 0x9E3779B97F4A7C15L + index * 0xD1B54A32D192ED03L + 0x632BE59BD9B4E019L;
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      z = z ^ (z >>> 31);
      float u = (z >>> 40) * 0x1p-24f;
      return (u - 0.5f) * width + centre;
    }

    private void compareSummaries(Session session, Section section, String key) {
      // A weight in front of a normalisation has a gradient of nearly zero, the difference of large
      // terms; float32 cannot say more about it than its rounding, which scales with those terms.
      noise = 0;
      for (JsonNode summary : expected.get(key)) {
        noise = Math.max(noise, NOISE * summary.get("l2").asDouble());
      }
      expected
          .get(key)
          .properties()
          .forEach(
              entry ->
                  compareSummary(
                      key + " of " + entry.getKey(),
                      entry.getValue(),
                      session.state().get(section, parameters.get(entry.getKey()))));
    }

    private void compareRunningStatistics(Session session, String key) {
      expected
          .get(key)
          .properties()
          .forEach(
              entry -> {
                String node = entry.getKey();
                JsonNode value = entry.getValue();
                compareSummary(
                    node + " mean",
                    value.get("mean"),
                    session.state().get(Section.STATE, node + ".running_mean"));
                compareSummary(
                    node + " variance",
                    value.get("var"),
                    session.state().get(Section.STATE, node + ".running_var"));
              });
    }

    private void compareSummary(String what, JsonNode summary, double[] values) {
      double squares = 0;
      double sum = 0;
      double largest = 0;
      for (double value : values) {
        squares += value * value;
        sum += value;
        largest = Math.max(largest, Math.abs(value));
      }
      double norm = summary.get("l2").asDouble();
      compare(what + " l2", norm, Math.sqrt(squares), norm);
      // A sum cancels; its rounding error grows with what is summed.
      compare(what + " sum", summary.get("sum").asDouble(), sum, norm * Math.sqrt(values.length));
      double scale = summary.get("max_abs").asDouble();
      compare(what + " largest", scale, largest, scale);
      double[] first = doubles(summary.get("first"));
      for (int i = 0; i < first.length; i++) {
        compare(what + " [" + i + "]", first[i], values[i], scale);
      }
      compare(what + " last", summary.get("last").asDouble(), values[values.length - 1], scale);
    }

    private void compareAll(String what, double[] wanted, double[] got) {
      assertEquals(wanted.length, got.length, what);
      double scale = 0;
      for (double value : wanted) {
        scale = Math.max(scale, Math.abs(value));
      }
      for (int i = 0; i < wanted.length; i++) {
        compare(what + " [" + i + "]", wanted[i], got[i], scale);
      }
    }

    private void compare(String what, double wanted, double got, double scale) {
      double allowed =
          tolerance * Math.max(Math.abs(wanted), scale) + (tolerance > 1e-6 ? noise : 0);
      assertTrue(
          Math.abs(wanted - got) <= allowed,
          () -> what + ": libtorch " + wanted + ", ours " + got + ", allowed +-" + allowed);
    }

    private static double mean(double[] values) {
      double sum = 0;
      for (double value : values) {
        sum += value;
      }
      return sum / values.length;
    }

    private static int[] ints(JsonNode array) {
      int[] values = new int[array.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = array.get(i).asInt();
      }
      return values;
    }

    private static double[] doubles(JsonNode array) {
      double[] values = new double[array.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = array.get(i).asDouble();
      }
      return values;
    }
  }
}
