// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.backend.Backend;
import org.randwire.backend.reference.ReferenceBackend;
import org.randwire.data.Batch;
import org.randwire.data.BatchLayout;
import org.randwire.data.BatchLoader;
import org.randwire.data.DataSplit;
import org.randwire.data.LoaderSettings;
import org.randwire.data.Synthetic;
import org.randwire.data.augment.Augmentation;
import org.randwire.op.BatchNorm;
import org.randwire.op.Convolution;
import org.randwire.op.GlobalAveragePool;
import org.randwire.op.Linear;
import org.randwire.op.OpGraph;
import org.randwire.op.Relu;
import org.randwire.op.Section;
import org.randwire.op.Window;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/**
 * The statistics that replace the running ones before an evaluation, against loops written from
 * their definition: mean of the batches' means, and mean of the batches' E[x^2] minus its square.
 */
class PreciseStatisticsTest {

  private static final int SIZE = 6;
  private static final int IMAGE_CHANNELS = 3;
  private static final int WIDTH = 4;
  private static final int CLASSES = 3;
  private static final int BATCH = 96;
  private static final long SEED = 21;

  /** 1024 examples are ten whole batches of 96, and the data has twelve. */
  private static final int BATCHES = 10;

  private static final DataSplit DATA =
      new Synthetic(new RandomStreams(4), IMAGE_CHANNELS, SIZE, SIZE, CLASSES).split(1152, 12);

  private static OpGraph network() {
    OpGraph.Builder graph = new OpGraph.Builder(TensorShape.example(IMAGE_CHANNELS, SIZE, SIZE));
    int x = graph.add("first", new Convolution(WIDTH, Window.square(3, 1), 1), graph.input());
    x = graph.add("first.bn", BatchNorm.DEFAULT, x);
    x = graph.add("relu", new Relu(), x);
    x = graph.add("second", Convolution.pointwise(WIDTH), x);
    x = graph.add("second.bn", BatchNorm.DEFAULT, x);
    x = graph.add("pool", new GlobalAveragePool(), x);
    graph.add("fc", new Linear(CLASSES), x);
    return graph.build();
  }

  private static TrainingSettings settings(double averageDecay, boolean precise) {
    return new TrainingSettings(
        BATCH,
        12,
        4,
        4,
        new LearningRate.Constant(0.5, 0),
        0.9,
        false,
        0,
        true,
        0,
        0,
        averageDecay,
        EdgeDrop.NONE,
        precise,
        1,
        0,
        0,
        1,
        true,
        1,
        false);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.8})
  void areThoseOfTheConvolutionsOutputs(double averageDecay) {
    try (Backend backend = new ReferenceBackend(DataType.FLOAT64);
        Trainer trainer =
            new Trainer(
                "two",
                network(),
                backend,
                DATA,
                Augmentation.NONE,
                settings(averageDecay, true),
                SEED)) {
      trainer.train(new TrainingListener() {}); // Four steps; then the average is not the weights.
      Section evaluated = averageDecay > 0 ? Section.AVERAGE : Section.PARAMETERS;
      trainer.evaluate();
      Direct direct = new Direct(trainer, evaluated);
      direct.run(trainer.epochsDone());
      for (String node : List.of("first.bn", "second.bn")) {
        Moments moments = direct.moments.get(node);
        double[] mean = trainer.session().state().get(Section.STATE, node + ".running_mean");
        double[] variance = trainer.session().state().get(Section.STATE, node + ".running_var");
        for (int c = 0; c < WIDTH; c++) {
          double wanted = moments.means[c] / BATCHES;
          assertEquals(wanted, mean[c], 1e-12, node);
          assertEquals(moments.squares[c] / BATCHES - wanted * wanted, variance[c], 1e-12, node);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.8})
  void leaveTheWeightsAloneAndChangeTheEvaluation(double averageDecay) {
    try (Backend backend = new ReferenceBackend(DataType.FLOAT64);
        Trainer plain = open(backend, averageDecay, false);
        Trainer precise = open(backend, averageDecay, true)) {
      TrainingResult without = plain.train(new TrainingListener() {});
      TrainingResult with = precise.train(new TrainingListener() {});
      for (String name : List.of("first.weight", "second.bn.weight", "fc.bias")) {
        assertEquals(values(plain, name), values(precise, name), name);
      }
      assertNotEquals(without.lastTestLoss(), with.lastTestLoss());
    }
  }

  private static Trainer open(Backend backend, double averageDecay, boolean precise) {
    return new Trainer(
        "two", network(), backend, DATA, Augmentation.NONE, settings(averageDecay, precise), SEED);
  }

  private static String values(Trainer trainer, String name) {
    return java.util.Arrays.toString(trainer.session().state().get(Section.PARAMETERS, name));
  }

  /** Sums of the batches' first two moments per channel. */
  private static final class Moments {
    final double[] means = new double[WIDTH];
    final double[] squares = new double[WIDTH];
    final double[] batchMean = new double[WIDTH];
    final double[] batchVariance = new double[WIDTH];

    /** Adds a batch {@code [n][channel][pixel]}. */
    void add(double[][][] x) {
      int count = x.length * SIZE * SIZE;
      for (int c = 0; c < WIDTH; c++) {
        double sum = 0;
        double square = 0;
        for (double[][] example : x) {
          for (double value : example[c]) {
            sum += value;
            square += value * value;
          }
        }
        batchMean[c] = sum / count;
        batchVariance[c] = square / count - batchMean[c] * batchMean[c];
        means[c] += batchMean[c];
        squares[c] += square / count;
      }
    }
  }

  /** The network up to its second convolution, by its definition. */
  private static final class Direct {
    final Map<String, Moments> moments =
        Map.of("first.bn", new Moments(), "second.bn", new Moments());
    private final double[] first;
    private final double[] scale;
    private final double[] shift;
    private final double[] second;

    Direct(Trainer trainer, Section section) {
      var state = trainer.session().state();
      first = state.get(section, "first.weight");
      scale = state.get(section, "first.bn.weight");
      shift = state.get(section, "first.bn.bias");
      second = state.get(section, "second.weight");
    }

    void run(int epoch) {
      LoaderSettings settings =
          LoaderSettings.training(BATCH, 1, BatchLayout.channelsFirst(IMAGE_CHANNELS));
      try (BatchLoader loader =
          new BatchLoader(DATA.train(), Augmentation.NONE, new RandomStreams(SEED), settings)) {
        loader.start(epoch, 0);
        for (int i = 0; i < BATCHES; i++) {
          Batch batch = loader.next();
          double[][][] x = firstConvolution(batch.images());
          moments.get("first.bn").add(x);
          normalise(x, moments.get("first.bn"));
          moments.get("second.bn").add(secondConvolution(x));
        }
      }
    }

    private double[][][] firstConvolution(float[] images) {
      double[][][] out = new double[BATCH][WIDTH][SIZE * SIZE];
      for (int n = 0; n < BATCH; n++) {
        for (int o = 0; o < WIDTH; o++) {
          for (int p = 0; p < SIZE * SIZE; p++) {
            for (int i = 0; i < IMAGE_CHANNELS; i++) {
              for (int tap = 0; tap < 9; tap++) {
                int h = p / SIZE + tap / 3 - 1;
                int w = p % SIZE + tap % 3 - 1;
                if (h >= 0 && h < SIZE && w >= 0 && w < SIZE) {
                  out[n][o][p] +=
                      first[(o * IMAGE_CHANNELS + i) * 9 + tap]
                          * images[((n * IMAGE_CHANNELS + i) * SIZE + h) * SIZE + w];
                }
              }
            }
          }
        }
      }
      return out;
    }

    /** Batch normalisation with the batch's own moments, then ReLU. */
    private void normalise(double[][][] x, Moments batch) {
      for (double[][] example : x) {
        for (int c = 0; c < WIDTH; c++) {
          double factor =
              scale[c] / Math.sqrt(batch.batchVariance[c] + BatchNorm.DEFAULT.epsilon());
          for (int p = 0; p < example[c].length; p++) {
            example[c][p] = Math.max(0, (example[c][p] - batch.batchMean[c]) * factor + shift[c]);
          }
        }
      }
    }

    private double[][][] secondConvolution(double[][][] x) {
      double[][][] out = new double[BATCH][WIDTH][SIZE * SIZE];
      for (int n = 0; n < BATCH; n++) {
        for (int o = 0; o < WIDTH; o++) {
          for (int i = 0; i < WIDTH; i++) {
            for (int p = 0; p < SIZE * SIZE; p++) {
              out[n][o][p] += second[o * WIDTH + i] * x[n][i][p];
            }
          }
        }
      }
      return out;
    }
  }
}
