// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.data.Batch;
import org.randwire.data.BatchLayout;
import org.randwire.data.BatchLoader;
import org.randwire.data.InMemoryDataset;
import org.randwire.data.LoaderSettings;
import org.randwire.data.Normalization;
import org.randwire.data.augment.Augmentation;
import org.randwire.op.Augment;
import org.randwire.op.Instruction;
import org.randwire.op.Section;
import org.randwire.op.Value;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.DataType;
import org.randwire.tensor.TensorShape;

/** Batches that a device makes of a data set in its memory, against those of the loader. */
class AugmentationKernelTest {

  private static final int CLASSES = 300;
  private static final int RANDOM_CASES = 40;

  static Stream<TestBackend> backends() {
    return TestBackend.all().stream().filter(AugmentationKernelTest::makesBatches);
  }

  private static boolean makesBatches(TestBackend tested) {
    try (Backend backend = tested.create().get()) {
      return backend.catalog().entries().stream().anyMatch(e -> e.primitive() == Augment.class);
    }
  }

  /** A data set with what is done to it. */
  private record Case(InMemoryDataset data, Augmentation augmentation, long seed) {

    static Case draw(Random random) {
      TensorShape shape =
          new TensorShape(
              1 + random.nextInt(40),
              1 + random.nextInt(random.nextBoolean() ? 3 : 20),
              1 + random.nextInt(random.nextBoolean() ? 8 : 34),
              1 + random.nextInt(random.nextBoolean() ? 8 : 34));
      int largest = shape.height() + 2;
      int shift = random.nextInt(3) == 0 ? 0 : random.nextInt(largest);
      double flip = random.nextInt(3) == 0 ? random.nextInt(2) : random.nextDouble();
      int cutout = random.nextBoolean() ? 0 : 1 + random.nextInt(largest);
      return new Case(
          images(random, shape), new Augmentation(shift, flip, cutout), random.nextLong());
    }

    Augment primitive() {
      return new Augment(
          seed, augmentation.maxShift(), augmentation.flipProbability(), augmentation.cutout());
    }

    @Override
    public String toString() {
      return "%s of %d x [%d, %d, %d], %s, master seed %d"
          .formatted(
              data.name(),
              data.size(),
              data.channels(),
              data.height(),
              data.width(),
              augmentation,
              seed);
    }
  }

  private static InMemoryDataset images(Random random, TensorShape shape) {
    byte[] pixels = new byte[Math.toIntExact(shape.elements())];
    byte[] labels = new byte[shape.batch()];
    random.nextBytes(pixels);
    for (int i = 0; i < labels.length; i++) {
      labels[i] = (byte) random.nextInt(256);
    }
    Double[] mean = new Double[shape.channels()];
    Double[] deviation = new Double[shape.channels()];
    Arrays.setAll(mean, c -> random.nextDouble());
    Arrays.setAll(deviation, c -> 0.1 + 0.9 * random.nextDouble());
    return new InMemoryDataset(
        "noise",
        shape.channels(),
        shape.height(),
        shape.width(),
        CLASSES,
        new Normalization(List.of(mean), List.of(deviation)),
        pixels,
        labels);
  }

  /** The data set in a backend's memory, and the batches it makes there. */
  private static final class OnDevice {
    private final PrimitiveRunner runner;
    private final Case one;
    private final Value pixels;
    private final Value classes;
    private final Value values;
    private final Value batch;
    private final Value images;
    private final Value labels;

    OnDevice(PrimitiveRunner runner, Case one, int batchSize, boolean padded) {
      this.runner = runner;
      this.one = one;
      InMemoryDataset data = one.data();
      TensorShape shape =
          new TensorShape(data.size(), data.channels(), data.height(), data.width());
      pixels = runner.data("pixels", shape, DataType.UINT8);
      classes = runner.data("classes", new TensorShape(data.size(), 1, 1, 1), DataType.INT32);
      values =
          runner.data(
              "values",
              new TensorShape(1, data.channels(), 1, Augment.PIXEL_VALUES),
              DataType.FLOAT32);
      batch = runner.flat("batch", Section.DATA, Augment.EPOCH_WORDS + batchSize, DataType.INT32);
      TensorShape some = shape.withBatch(batchSize);
      images = padded ? runner.activation("images", some) : runner.image("images", some);
      labels = runner.examples("labels", Section.LABELS, batchSize, DataType.INT32);
      fill();
    }

    private void fill() {
      InMemoryDataset data = one.data();
      double[] all = new double[data.size() * data.pixelCount()];
      double[] each = new double[data.size()];
      byte[] bytes = new byte[data.pixelCount()];
      for (int i = 0; i < data.size(); i++) {
        data.pixels(i, bytes);
        for (int p = 0; p < bytes.length; p++) {
          all[i * bytes.length + p] = bytes[p] & 0xFF;
        }
        each[i] = data.label(i);
      }
      double[] table = new double[data.channels() * Augment.PIXEL_VALUES];
      for (int i = 0; i < table.length; i++) {
        int channel = Math.floorDiv(i, Augment.PIXEL_VALUES);
        table[i] = data.normalization().table(channel)[i % Augment.PIXEL_VALUES];
      }
      runner.set(pixels, all);
      runner.set(classes, each);
      runner.set(values, table);
    }

    void requireSame(Batch expected, String message) {
      double[] words = new double[Augment.EPOCH_WORDS + expected.examples().length];
      Arrays.fill(words, Augment.NO_EXAMPLE);
      words[0] = (int) expected.epoch();
      words[1] = (int) (expected.epoch() >>> 32);
      for (int i = 0; i < expected.size(); i++) {
        words[Augment.EPOCH_WORDS + i] = expected.examples()[i];
      }
      runner.set(batch, words);
      runner.run(
          new Instruction(
              "data",
              one.primitive(),
              List.of(pixels, classes, values, batch),
              List.of(images, labels)));
      double[] wanted = new double[expected.images().length];
      Arrays.setAll(wanted, i -> expected.images()[i]);
      OpCase.round(wanted, images.type());
      assertArrayEquals(wanted, runner.get(images), 0.0, message);
      double[] wantedLabels = Arrays.stream(expected.labels()).asDoubleStream().toArray();
      assertArrayEquals(wantedLabels, runner.get(labels), 0.0, message);
    }
  }

  /** Compares an epoch in its order and one by index, whose last batch may be smaller. */
  private static void requireSameBatches(
      TestBackend tested, Case one, int batch, long epoch, boolean padded, String message) {
    BatchLayout layout = BatchLayout.channelsFirst(one.data().channels());
    for (LoaderSettings settings :
        List.of(
            LoaderSettings.training(batch, 1, layout),
            LoaderSettings.evaluation(batch, 1, layout))) {
      try (Backend backend = tested.create().get();
          PrimitiveRunner runner = new PrimitiveRunner(backend, Schedule.PLAIN);
          BatchLoader loader =
              new BatchLoader(
                  one.data(), one.augmentation(), new RandomStreams(one.seed()), settings)) {
        OnDevice device = new OnDevice(runner, one, batch, padded);
        loader.start(epoch, 0);
        int batches = 0;
        for (Batch next = loader.next(); next != null && batches < 3; next = loader.next()) {
          device.requireSame(next, message + ", batch " + next.index());
          batches++;
        }
        assertTrue(batches > 0, message);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void makesTheBatchesOfTheLoaderBitForBit(TestBackend tested) {
    for (int seed = 0; seed < RANDOM_CASES; seed++) {
      Random random = new Random(seed);
      Case one = Case.draw(random);
      int batch = 1 + random.nextInt(one.data().size());
      long epoch = random.nextBoolean() ? random.nextInt(500) : random.nextLong() >>> 8;
      String message = "seed " + seed + ": " + one + ", epoch " + epoch + ", batch of " + batch;
      requireSameBatches(tested, one, batch, epoch, random.nextBoolean(), message);
    }
  }

  /**
   * Drawing a whole number takes another word once in 172 million times: here for the shift right
   * of example 14, and for its shift down.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void aWordThatIsRejectedIsFollowedByTheNext(TestBackend tested) {
    InMemoryDataset data = images(new Random(1), new TensorShape(15, 3, 40, 60));
    Case one = new Case(data, new Augmentation(28, 0.5, 9), 7);
    for (long epoch : new long[] {8_308_837, 21_271_488}) {
      requireSameBatches(tested, one, 15, epoch, false, one + ", epoch " + epoch);
    }
  }

  @Test
  void theReferenceAndItsTypesAreAmongTheBackends() {
    List<String> names = backends().map(TestBackend::name).toList();
    assertEquals(List.of("reference-f64", "reference-f32"), names.subList(0, 2));
  }
}
