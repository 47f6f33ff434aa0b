// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.backend.Backend;
import org.randwire.backend.Buffer;
import org.randwire.backend.KernelCatalog;
import org.randwire.backend.OutOfDeviceMemoryException;
import org.randwire.backend.cpu.NativeBuffer;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.SmallNetworks;
import org.randwire.network.resnet.ResNetSpec;
import org.randwire.op.OpGraph;
import org.randwire.op.Section;
import org.randwire.tensor.DataType;
import org.randwire.tensor.MemoryLayout;
import org.randwire.tensor.TensorShape;

/** Whole small networks, compiled and run. */
class SessionTest {

  private static final int BATCH = 4;

  static Stream<Backends.Named> backends() {
    return Backends.exact().stream();
  }

  /** Weights from a seed, by name: the same on every backend and for every plan. */
  private static void fill(Session session, long seed) {
    for (Parameter parameter : session.state().parameters()) {
      Random random = new Random(seed * 31 + parameter.name().hashCode());
      double[] values = new double[(int) parameter.spec().elements()];
      double deviation = Math.max(0.1, parameter.spec().standardDeviation());
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (parameter.spec().mean() + deviation * random.nextGaussian());
      }
      session.state().set(Section.PARAMETERS, parameter.name(), values);
    }
  }

  private static float[] images(CompiledProgram program, TensorShape shape, long seed) {
    Random random = new Random(seed);
    int stored = program.imageChannels();
    float[] images = new float[program.batch() * shape.pixels() * stored];
    for (int n = 0; n < program.batch(); n++) {
      for (int c = 0; c < shape.channels(); c++) {
        for (int p = 0; p < shape.pixels(); p++) {
          int at =
              program.channelsLast()
                  ? (n * shape.pixels() + p) * stored + c
                  : (n * stored + c) * shape.pixels() + p;
          images[at] = (float) random.nextGaussian();
        }
      }
    }
    return images;
  }

  private static void fillBatch(CompiledProgram program, long seed) {
    program.setImages(images(program, SmallNetworks.IMAGE, seed));
    int[] labels = new int[program.batch()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = (int) ((seed + 3L * i) % SmallNetworks.CLASSES);
    }
    program.setLabels(labels);
  }

  @Test
  void aSessionThatHoldsItsDataTakesExamplesOrImages() {
    OpGraph graph = SmallNetworks.randwire(1, 4);
    Session.Data data = NoiseImages.data(SmallNetworks.IMAGE, SmallNetworks.CLASSES, 20, 6);
    try (Backend backend = new HoldingBackend(DataType.FLOAT32, 1 << 20);
        Session session = Session.open(graph, Session.Options.of(BATCH, 0), backend, data)) {
      fill(session, 1);
      CompiledProgram program = session.inference();
      program.setExamples(0, new int[] {5, 3, 5, 0}, 4);
      program.run();
      double[] losses = program.losses();
      assertEquals(losses[0], losses[2], 0.0);
      assertTrue(losses[0] != losses[1], "examples 5 and 3");
      program.setExamples(0, new int[] {3, 0, 0, 0}, 1);
      program.run();
      assertEquals(losses[1], program.losses()[0], 0.0);
      fillBatch(program, 1);
      program.run();
      double[] written = program.losses();
      program.setExamples(0, new int[] {5, 3, 5, 0}, 4);
      fillBatch(program, 1);
      program.run();
      assertArrayEquals(written, program.losses());
      for (int bad : new int[] {-1, 6}) {
        int[] examples = {0, 1, bad, 2};
        assertThrows(IllegalArgumentException.class, () -> program.setExamples(0, examples, BATCH));
        program.setExamples(0, examples, 2);
      }
      int[] examples = new int[BATCH];
      for (int count : new int[] {0, BATCH + 1}) {
        assertThrows(IllegalArgumentException.class, () -> program.setExamples(0, examples, count));
      }
      assertThrows(IllegalArgumentException.class, () -> program.setExamples(-1, examples, BATCH));
    }
    try (Backend backend = new HoldingBackend(DataType.FLOAT32, 1000);
        Session session = Session.open(graph, Session.Options.of(BATCH, 0), backend, data)) {
      assertThrows(
          IllegalStateException.class,
          () -> session.training().setExamples(0, new int[BATCH], BATCH));
    }
  }

  @Test
  void aLabelThatIsNoClassIsNamedAndLeavesNoMemory() {
    OpGraph graph = SmallNetworks.randwire(1, 4);
    Session.Data data = NoiseImages.data(SmallNetworks.IMAGE, SmallNetworks.CLASSES + 1, 20, 6);
    try (Backend backend = new HoldingBackend(DataType.FLOAT32, 1 << 20)) {
      long available = backend.availableBytes();
      IllegalArgumentException thrown =
          assertThrows(
              IllegalArgumentException.class,
              () -> Session.open(graph, Session.Options.of(BATCH, 0), backend, data));
      assertEquals("label 5 of example 5 of 5 classes", thrown.getMessage());
      assertEquals(available, backend.availableBytes());
    }
  }

  private static Session.Options options(boolean fusion) {
    return new Session.Options(BATCH, BATCH, 0.1, fusion, false, true, false);
  }

  /** Everything a few steps leave behind. */
  private static Map<String, double[]> train(
      OpGraph graph, Backend backend, boolean fusion, int steps) {
    try (Session session = Session.open(graph, options(fusion), backend)) {
      fill(session, 1);
      Map<String, double[]> seen = new TreeMap<>();
      for (int step = 0; step < steps; step++) {
        fillBatch(session.training(), step);
        session.training().run();
        if (step == 0) {
          seen.put("logits", session.training().logits());
          for (Parameter p : session.state().parameters()) {
            seen.put("gradient of " + p.name(), session.state().get(Section.GRADIENTS, p.name()));
          }
        }
        seen.put("losses of step " + step, session.training().losses());
        session.update(0.05, 0.9, 1e-3, 0, 0);
        seen.put("gradient norm of step " + step, new double[] {session.gradientNorm()});
      }
      for (Parameter p : session.state().parameters()) {
        seen.put(p.name(), session.state().get(Section.PARAMETERS, p.name()));
      }
      for (Parameter p : session.state().states()) {
        seen.put(p.name(), session.state().get(Section.STATE, p.name()));
      }
      fillBatch(session.inference(), 99);
      session.inference().run();
      seen.put("inference", session.inference().logits());
      return seen;
    }
  }

  /** On a GPU each has a stream and graphs of its own. */
  @ParameterizedTest
  @MethodSource("backends")
  void networksTrainedSideBySideLeaveWhatEachLeavesAlone(Backends.Named named) throws Exception {
    List<Callable<Map<String, double[]>>> runs = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      OpGraph graph = SmallNetworks.randwire(i, 8 + 4 * i);
      runs.add(
          () -> {
            try (Backend backend = named.open().get()) {
              return train(graph, backend, true, 4);
            }
          });
    }
    ExecutorService threads = Executors.newFixedThreadPool(runs.size());
    try {
      List<Future<Map<String, double[]>>> together = threads.invokeAll(runs);
      for (int i = 0; i < runs.size(); i++) {
        Map<String, double[]> alone = runs.get(i).call();
        Map<String, double[]> beside = together.get(i).get();
        assertEquals(alone.keySet(), beside.keySet());
        alone.forEach((name, values) -> assertArrayEquals(values, beside.get(name), name));
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /**
   * @param tolerance relative to the largest value of the tensor, and of all gradients
   */
  private static void assertClose(
      Map<String, double[]> wanted, Map<String, double[]> got, double tolerance, String what) {
    assertEquals(wanted.keySet(), got.keySet());
    double norm = wanted.get("gradient norm of step 0")[0];
    wanted.forEach(
        (name, values) -> {
          double scale = name.startsWith("gradient") ? norm : 1;
          for (double value : values) {
            scale = Math.max(scale, Math.abs(value));
          }
          double[] other = got.get(name);
          assertEquals(values.length, other.length, name);
          for (int i = 0; i < values.length; i++) {
            double allowed = tolerance * scale;
            int at = i;
            assertTrue(
                Math.abs(values[i] - other[i]) <= allowed,
                () ->
                    what
                        + ", "
                        + name
                        + "["
                        + at
                        + "]: "
                        + values[at]
                        + ", "
                        + other[at]
                        + ", allowed +-"
                        + allowed);
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void fusionChangesNoResult(Backends.Named named) {
    try (Backend backend = named.open().get()) {
      double tolerance = backend.parameterType() == DataType.FLOAT64 ? 1e-12 : 1e-4;
      for (long seed = 0; seed < 4; seed++) {
        OpGraph graph = SmallNetworks.randwire(seed, 3 + (int) seed);
        assertClose(
            train(graph, backend, false, 5),
            train(graph, backend, true, 5),
            tolerance,
            "seed " + seed);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void fusionChangesNoResultOfNetworksOfBlocks(Backends.Named named) {
    try (Backend backend = named.open().get()) {
      double tolerance = backend.parameterType() == DataType.FLOAT64 ? 1e-12 : 1e-4;
      for (OpGraph graph : networksOfBlocks()) {
        assertClose(
            train(graph, backend, false, 5),
            train(graph, backend, true, 5),
            tolerance,
            graph.output().inputs().toString());
      }
    }
  }

  private static List<OpGraph> networksOfBlocks() {
    List<Integer> depths = List.of(2, 1, 2);
    List<Integer> widths = List.of(8, 16, 24);
    TensorShape image = SmallNetworks.IMAGE;
    int classes = SmallNetworks.CLASSES;
    return List.of(
        ResNetSpec.vanilla("vanilla", image, classes, depths, widths).build(),
        ResNetSpec.resnet("resnet", image, classes, depths, widths).build(),
        ResNetSpec.resnext(
                "resnext", image, classes, depths, widths, List.of(1, 1, 2), List.of(2, 2, 3))
            .build());
  }

  @ParameterizedTest
  @MethodSource("backends")
  void agreesWithTheDoubleReference(Backends.Named named) {
    for (NodeOp op : NodeOp.values()) {
      OpGraph graph = SmallNetworks.randwire(5, 5, op, 0);
      try (Backend backend = named.open().get();
          Backend reference = new ReferenceBackend(DataType.FLOAT64)) {
        double tolerance = backend.parameterType() == DataType.FLOAT64 ? 1e-12 : 2e-4;
        assertClose(
            train(graph, reference, false, 1),
            train(graph, backend, true, 1),
            tolerance,
            op.name());
      }
    }
  }

  @Test
  void everyGradientAgreesWithCentralDifferences() {
    OpGraph graph = SmallNetworks.randwire(3, 3);
    try (Backend backend = new ReferenceBackend(DataType.FLOAT64);
        Session session = Session.open(graph, options(true), backend)) {
      Map<String, Integer> wrong = new TreeMap<>();
      for (long seed = 7; seed < 10; seed++) {
        fill(session, seed);
        fillBatch(session.training(), seed);
        session.training().run();
        checkGradients(session, seed, wrong);
      }
      // A ReLU's kink within the step makes a difference quotient wrong, but not for each batch.
      wrong.forEach((name, times) -> assertTrue(times < 3, name + " is wrong for every batch"));
      int all = session.state().parameters().size();
      assertTrue(wrong.size() < all / 10, wrong + " of " + all + " parameters");
    }
  }

  /** Counts the parameters of which an element's gradient differs. */
  private static void checkGradients(Session session, long seed, Map<String, Integer> wrong) {
    NetworkState state = session.state();
    Random random = new Random(seed);
    Map<String, double[]> gradients = new TreeMap<>();
    for (Parameter p : state.parameters()) {
      gradients.put(p.name(), state.get(Section.GRADIENTS, p.name()));
    }
    for (Parameter parameter : state.parameters()) {
      double[] values = state.get(Section.PARAMETERS, parameter.name());
      boolean agrees = true;
      for (int draw = 0; draw < 3; draw++) {
        int i = random.nextInt(values.length);
        double wanted = slope(session.training(), state, parameter.name(), values, i, 1e-6);
        double got = gradients.get(parameter.name())[i];
        agrees &= Math.abs(wanted - got) <= 1e-7 * Math.max(1, Math.abs(wanted));
      }
      if (!agrees) {
        wrong.merge(parameter.name(), 1, Integer::sum);
      }
    }
  }

  private static double slope(
      CompiledProgram program,
      NetworkState state,
      String name,
      double[] values,
      int i,
      double width) {
    double[] moved = values.clone();
    moved[i] = values[i] + width;
    double above = loss(program, state, name, moved);
    moved[i] = values[i] - width;
    double below = loss(program, state, name, moved);
    state.set(Section.PARAMETERS, name, values);
    return (above - below) / (2 * width);
  }

  private static double loss(
      CompiledProgram program, NetworkState state, String name, double[] values) {
    state.set(Section.PARAMETERS, name, values);
    program.run();
    double sum = 0;
    for (double loss : program.losses()) {
      sum += loss;
    }
    return sum / program.losses().length;
  }

  @ParameterizedTest
  @MethodSource("backends")
  void paddingStaysZeroAndAverageStartsWhereItIsSet(Backends.Named named) {
    OpGraph graph = SmallNetworks.randwire(2, 13);
    try (Backend backend = named.open().get();
        Session session =
            Session.open(
                graph, new Session.Options(BATCH, BATCH, 0.1, true, false, true, true), backend)) {
      fill(session, 3);
      for (Parameter p : session.state().parameters()) {
        session.state().set(Section.AVERAGE, p.name(), new double[(int) p.spec().elements()]);
      }
      for (int step = 0; step < 5; step++) {
        fillBatch(session.training(), step);
        session.step(0.05, 0.9, 1e-2, 0, 0.9);
      }
      for (Section section :
          List.of(Section.PARAMETERS, Section.GRADIENTS, Section.MOMENTUM, Section.AVERAGE)) {
        assertPaddingIsZero(session.state(), section, session.state().parameters());
      }
      assertPaddingIsZero(session.state(), Section.STATE, session.state().states());
    }
  }

  private static void assertPaddingIsZero(
      NetworkState state, Section section, List<Parameter> parameters) {
    for (Parameter parameter : parameters) {
      int size = parameter.value().type().sizeBytes();
      int stored = Math.toIntExact(parameter.value().elements());
      boolean[] logical = new boolean[stored];
      for (long i = 0; i < parameter.spec().elements(); i++) {
        logical[Math.toIntExact(parameter.position(i))] = true;
      }
      ByteBuffer bytes = ByteBuffer.allocateDirect(stored * size).order(ByteOrder.nativeOrder());
      state.buffer(section).read(parameter.value().offset() * size, bytes);
      for (int i = 0; i < stored; i++) {
        if (!logical[i]) {
          double value = size == 8 ? bytes.getDouble(8 * i) : bytes.getFloat(4 * i);
          boolean runningVariance = parameter.name().endsWith("running_var");
          assertTrue(
              value == 0 || runningVariance && Double.isFinite(value),
              section + " of " + parameter.name() + " has " + value + " in its padding");
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void everyValueComesBackAsItWasSet(Backends.Named named) {
    OpGraph graph = SmallNetworks.randwire(2, 13);
    try (Backend backend = named.open().get();
        Session session =
            Session.open(graph, new Session.Options(1, 1, 0, true, false, true, true), backend)) {
      NetworkState state = session.state();
      for (Section section : List.of(Section.PARAMETERS, Section.MOMENTUM, Section.AVERAGE)) {
        roundTrip(state, section, state.parameters());
      }
      roundTrip(state, Section.STATE, state.states());
      assertThrows(
          IllegalArgumentException.class, () -> state.get(Section.PARAMETERS, "nobody.weight"));
      assertThrows(
          IllegalArgumentException.class,
          () -> state.set(Section.PARAMETERS, "fc.bias", new double[SmallNetworks.CLASSES + 1]));
    }
  }

  /** All are written before any is read, so that no two can share memory. */
  private static void roundTrip(NetworkState state, Section section, List<Parameter> parameters) {
    Map<String, double[]> written = new TreeMap<>();
    Random random = new Random(section.ordinal());
    for (Parameter parameter : parameters) {
      double[] values = new double[(int) parameter.spec().elements()];
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextFloat();
      }
      written.put(parameter.name(), values);
      state.set(section, parameter.name(), values);
    }
    written.forEach((name, values) -> assertArrayEquals(values, state.get(section, name), name));
  }

  @ParameterizedTest
  @MethodSource("backends")
  void namesTheFirstTensorThatAWrongParameterSpoils(Backends.Named named) {
    for (boolean fusion : new boolean[] {false, true}) {
      try (Backend backend = named.open().get();
          Session session = Session.open(SmallNetworks.randwire(1, 4), options(fusion), backend)) {
        fill(session, 1);
        CompiledProgram program = session.training();
        fillBatch(program, 1);
        program.run();
        assertTrue(program.firstNonFinite().isEmpty());
        for (String name :
            List.of("conv1.convolution.weight", "stage2.node3.pointwise.weight", "fc.bias")) {
          double[] good = session.state().get(Section.PARAMETERS, name);
          double[] bad = good.clone();
          bad[bad.length / 2] = Double.NaN;
          session.state().set(Section.PARAMETERS, name, bad);
          String found = program.firstNonFinite().orElseThrow();
          String node = name.substring(0, name.lastIndexOf('.'));
          assertTrue(found.startsWith(node + " "), name + " spoils first " + found);
          session.state().set(Section.PARAMETERS, name, good);
          restoreStatistics(session);
        }
      }
    }
  }

  private static void restoreStatistics(Session session) {
    for (Parameter state : session.state().states()) {
      double[] values = new double[(int) state.spec().elements()];
      java.util.Arrays.fill(values, state.spec().mean());
      session.state().set(Section.STATE, state.name(), values);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void namesTheFirstConvolutionWhenAnImageIsSpoilt(Backends.Named named) {
    try (Backend backend = named.open().get();
        Session session = Session.open(SmallNetworks.randwire(1, 4), options(true), backend)) {
      fill(session, 1);
      fillBatch(session.training(), 1);
      float[] images = images(session.training(), SmallNetworks.IMAGE, 1);
      images[images.length - 1 - 5 * session.training().imageChannels()] = Float.NaN;
      session.training().setImages(images);
      String found = session.training().firstNonFinite().orElseThrow();
      assertTrue(found.startsWith("conv1.convolution "), found);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void closingGivesAllMemoryBack(Backends.Named named) {
    long nativeBytes = NativeBuffer.allocatedBytes();
    try (Backend backend = named.open().get()) {
      long free = backend.name().equals("reference") ? backend.availableBytes() : 0;
      for (boolean averages : new boolean[] {false, true}) {
        Session session =
            Session.open(
                SmallNetworks.randwire(1, 4),
                new Session.Options(BATCH, 7, 0, true, false, false, averages),
                backend);
        session.training().run();
        session.close();
        assertEquals(nativeBytes, NativeBuffer.allocatedBytes());
        if (backend.name().equals("reference")) {
          assertEquals(free, backend.availableBytes());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void takesWhatItForecastAndStatisticsOnlyWhereAskedFor(Backends.Named named) {
    OpGraph graph = SmallNetworks.randwire(1, 4);
    Map<Boolean, Long> forecasts = new HashMap<>();
    for (boolean statistics : new boolean[] {false, true}) {
      try (Backend inner = named.open().get()) {
        Limited backend = new Limited(inner, Long.MAX_VALUE);
        Session.Options options = options(true).withStatistics(statistics);
        long forecast = Session.describe(graph, options, backend).forecast().totalBytes();
        forecasts.put(statistics, forecast);
        assertEquals(0, backend.taken, "describing takes nothing");
        try (Session session = Session.open(graph, options, backend)) {
          assertEquals(statistics, session.statistics().isPresent());
        }
        assertTrue(backend.taken >= forecast, backend.taken + " taken, forecast " + forecast);
        // What the forecast leaves out is the update's scratch, which does not grow with the batch.
        assertTrue(backend.taken <= forecast + (1 << 20), backend.taken + ", forecast " + forecast);
      }
    }
    assertTrue(forecasts.get(true) > forecasts.get(false), forecasts.toString());
  }

  /** A device with less memory than it has. */
  private static final class Limited implements Backend {
    private final Backend inner;
    private final long limit;
    private long taken;

    Limited(Backend inner, long limit) {
      this.inner = inner;
      this.limit = limit;
    }

    @Override
    public String name() {
      return inner.name();
    }

    @Override
    public String description() {
      return inner.description();
    }

    @Override
    public MemoryLayout layout() {
      return inner.layout();
    }

    @Override
    public DataType activationType() {
      return inner.activationType();
    }

    @Override
    public DataType parameterType() {
      return inner.parameterType();
    }

    @Override
    public int workers() {
      return inner.workers();
    }

    @Override
    public Buffer allocate(long sizeBytes) {
      taken += sizeBytes;
      return inner.allocate(sizeBytes);
    }

    @Override
    public long availableBytes() {
      return limit;
    }

    @Override
    public KernelCatalog catalog() {
      return inner.catalog();
    }

    @Override
    public void prepareWorker() {
      inner.prepareWorker();
    }

    @Override
    public void close() {}
  }

  @ParameterizedTest
  @MethodSource("backends")
  void refusesABatchTooLargeAndNamesOneThatFits(Backends.Named named) {
    OpGraph graph = SmallNetworks.randwire(1, 4);
    for (int evaluationBatch : new int[] {16, 64, 512}) {
      for (double share : new double[] {0.3, 0.6, 0.95}) {
        try (Backend inner = named.open().get()) {
          Session.Options wanted =
              new Session.Options(64, evaluationBatch, 0, true, false, true, false);
          long needed = Session.describe(graph, wanted, inner).forecast().totalBytes();
          Limited backend = new Limited(inner, (long) (needed * share));
          var error =
              assertThrows(
                  OutOfDeviceMemoryException.class, () -> Session.open(graph, wanted, backend));
          assertEquals(0, backend.taken, "nothing is taken");
          String message = String.valueOf(error.getMessage());
          Matcher fitting =
              Pattern.compile("batch (\\d+) with evaluation batch (\\d+) would fit")
                  .matcher(message);
          assertTrue(fitting.find(), message);
          int batch = Integer.parseInt(fitting.group(1));
          int evaluation = Integer.parseInt(fitting.group(2));
          assertTrue(batch >= 64 * share / 3 && batch <= 64, message);
          Session.Options smaller =
              new Session.Options(batch, evaluation, 0, true, false, true, false);
          Session.open(graph, smaller, backend).close();
        }
      }
    }
  }

  @Test
  void saysSoWhenNotEvenOneExampleFits() {
    try (Backend inner = new ReferenceBackend(DataType.FLOAT32)) {
      Limited backend = new Limited(inner, 1000);
      var error =
          assertThrows(
              OutOfDeviceMemoryException.class,
              () -> Session.open(SmallNetworks.randwire(1, 4), options(true), backend));
      assertTrue(error.getMessage().contains("not even batch 1"), error.getMessage());
    }
  }

  @Test
  void describesWithoutRunning() {
    try (Backend backend = new ReferenceBackend(DataType.FLOAT32)) {
      Session.Description described =
          Session.describe(SmallNetworks.randwire(1, 4), options(true), backend);
      CompiledProgram.Summary step = described.trainingStep();
      assertEquals(
          step.instructions(), step.kernels().values().stream().mapToInt(Integer::intValue).sum());
      assertTrue(step.arenaBytes() < step.unplannedBytes(), step.toString());
      assertTrue(step.regions() < step.calls(), step.toString());
    }
  }

  @Test
  void refusesImagesLabelsAndMasksThatDoNotFit() {
    try (Backend backend = new ReferenceBackend(DataType.FLOAT32);
        Session session = Session.open(SmallNetworks.randwire(1, 4), options(true), backend)) {
      CompiledProgram program = session.training();
      List<Runnable> wrong = new ArrayList<>();
      wrong.add(() -> program.setImages(new float[3]));
      wrong.add(() -> program.setLabels(new int[BATCH + 1]));
      wrong.add(() -> program.setLabels(new int[] {0, 1, 2, SmallNetworks.CLASSES}));
      wrong.add(() -> program.setLabels(new int[] {0, 1, 2, -1}));
      wrong.add(() -> program.setControl("nobody.mask", new double[1]));
      wrong.add(() -> session.state().get(Section.AVERAGE, "fc.bias"));
      wrong.forEach(one -> assertThrows(IllegalArgumentException.class, one::run));
    }
  }
}
