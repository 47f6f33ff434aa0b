// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.data.augment.Augmentation;
import org.randwire.data.cifar.Cifar10;
import org.randwire.random.RandomStreams;

@Timeout(60)
class BatchLoaderTest {
  private static final RandomStreams STREAMS = new RandomStreams(42);
  private static final BatchLayout LAYOUT = BatchLayout.channelsLast(4);
  private static final Augmentation AUGMENTATION = new Augmentation(2, 0.5);

  /** What a batch holds, copied before the loader overwrites it. */
  private record Copy(
      long epoch, int index, List<Integer> examples, List<Integer> labels, int imagesHash) {
    static Copy of(Batch batch) {
      return new Copy(
          batch.epoch(),
          batch.index(),
          IntStream.of(batch.examples()).limit(batch.size()).boxed().toList(),
          IntStream.of(batch.labels()).limit(batch.size()).boxed().toList(),
          Arrays.hashCode(batch.images()));
    }
  }

  @AfterEach
  void noThreadIsLeftAlive() {
    assertEquals(List.of(), loaderThreads());
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 8})
  void anyNumberOfThreadsGivesTheSameBatches(int threads) {
    DataSplit cifar =
        Cifar10.load(
            List.of(TestData.require("cifar10/mini_train_2000.bin.gz")),
            List.of(TestData.require("cifar10/mini_test_1000.bin.gz")));

    List<Copy> single = epoch(cifar.train(), training(100, 1), Cifar10.AUGMENTATION, 3, 0);
    List<Copy> several = epoch(cifar.train(), training(100, threads), Cifar10.AUGMENTATION, 3, 0);

    assertEquals(20, single.size());
    assertEquals(single, several);
  }

  @Test
  void anEpochStartedInTheMiddleGoesOnWithTheSameBatches() {
    Dataset data = data(1000);
    List<Copy> whole = epoch(data, training(64, 2), AUGMENTATION, 5, 0);

    for (int first = 0; first <= whole.size(); first++) {
      List<Copy> rest = epoch(data, training(64, 2), AUGMENTATION, 5, first);
      assertEquals(whole.subList(first, whole.size()), rest, "from batch " + first);
    }
  }

  @Test
  void batchesWithoutImagesAreTheSameExamplesAndLabels() {
    Dataset data = data(130);
    for (LoaderSettings settings :
        List.of(training(32, 2), LoaderSettings.evaluation(32, 2, LAYOUT))) {
      List<Copy> whole = epoch(data, settings, AUGMENTATION, 3, 1);
      List<Copy> bare = epoch(data, settings.withoutImages(), AUGMENTATION, 3, 1);
      int none = Arrays.hashCode(new float[0]);
      assertEquals(
          whole.stream()
              .map(b -> new Copy(b.epoch(), b.index(), b.examples(), b.labels(), none))
              .toList(),
          bare);
    }
  }

  @Test
  void everyEpochHasItsOwnOrderAndAugmentation() {
    Dataset data = data(300);
    List<Copy> first = epoch(data, training(300, 1), AUGMENTATION, 0, 0);
    List<Copy> second = epoch(data, training(300, 1), AUGMENTATION, 1, 0);
    LoaderSettings inOrder = LoaderSettings.evaluation(300, 1, LAYOUT);
    int firstImages = epoch(data, inOrder, AUGMENTATION, 0, 0).get(0).imagesHash();
    int secondImages = epoch(data, inOrder, AUGMENTATION, 1, 0).get(0).imagesHash();

    assertNotEquals(first.get(0).examples(), second.get(0).examples());
    assertNotEquals(firstImages, secondImages);
  }

  @Test
  void trainingVisitsExamplesInTheOrderOfTheEpochAndDropsTheRest() {
    List<Copy> batches = epoch(data(130), training(32, 2), AUGMENTATION, 7, 0);

    List<Integer> visited = batches.stream().flatMap(b -> b.examples().stream()).toList();
    assertEquals(IntStream.of(STREAMS.permutation(130, 7)).limit(128).boxed().toList(), visited);
    assertEquals(
        visited.stream().map(i -> i % 5).toList(),
        batches.stream().flatMap(b -> b.labels().stream()).toList());
  }

  @ParameterizedTest
  @CsvSource({"130, 32, 5", "128, 32, 4", "1, 32, 1", "33, 1, 33"})
  void evaluationVisitsEveryExampleOnceByIndex(int size, int batchSize, int batches) {
    List<Copy> all =
        epoch(data(size), LoaderSettings.evaluation(batchSize, 2, LAYOUT), Augmentation.NONE, 0, 0);

    assertEquals(batches, all.size());
    assertEquals(
        IntStream.range(0, size).boxed().toList(),
        all.stream().flatMap(b -> b.examples().stream()).toList());
  }

  @Test
  void whatLiesBehindTheLastSmallerBatchIsZero() {
    LoaderSettings settings = LoaderSettings.evaluation(16, 2, LAYOUT);
    try (BatchLoader loader = new BatchLoader(data(70), Augmentation.NONE, STREAMS, settings)) {
      loader.start(0, 4);
      Batch last = loader.next();
      // A second epoch brings the last batch into a buffer that was used before.
      loader.start(0, 0);
      for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
        last = batch;
      }

      assertNotNull(last);
      assertEquals(6, last.size());
      assertArrayEquals(new int[10], Arrays.copyOfRange(last.labels(), 6, 16));
      assertArrayEquals(new int[10], Arrays.copyOfRange(last.examples(), 6, 16));
      float[] behind = Arrays.copyOfRange(last.images(), 6 * 8 * 8 * 4, last.images().length);
      assertArrayEquals(new float[10 * 8 * 8 * 4], behind);
    }
  }

  @Test
  void paddedChannelsStayZero() {
    LoaderSettings settings = training(10, 2);
    try (BatchLoader loader = new BatchLoader(data(100), AUGMENTATION, STREAMS, settings)) {
      for (int epoch = 0; epoch < 3; epoch++) {
        loader.start(epoch, 0);
        for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
          for (int i = 3; i < batch.images().length; i += 4) {
            assertEquals(0, batch.images()[i]);
          }
        }
      }
    }
  }

  @Test
  void aBatchStaysAsItIsUntilTheNextIsAskedFor() throws InterruptedException {
    LoaderSettings settings = training(8, 4);
    try (BatchLoader loader = new BatchLoader(data(400), AUGMENTATION, STREAMS, settings)) {
      loader.start(0, 0);
      Batch batch = loader.next();
      assertNotNull(batch);
      Copy before = Copy.of(batch);
      // Until all threads wait, they would have overwritten the batch if anything let them.
      awaitIdleThreads();

      assertEquals(before, Copy.of(batch));
    }
  }

  @Test
  void preparesNoMoreThanTwoBatchesAhead() throws InterruptedException {
    List<Integer> touched = new ArrayList<>();
    Dataset data =
        new Watched(
            data(100),
            example -> {
              synchronized (touched) {
                touched.add(example);
              }
            });
    LoaderSettings settings = LoaderSettings.evaluation(10, 4, LAYOUT);
    try (BatchLoader loader = new BatchLoader(data, Augmentation.NONE, STREAMS, settings)) {
      loader.start(0, 0);
      loader.next();
      awaitIdleThreads();
      synchronized (touched) {
        assertTrue(touched.stream().allMatch(example -> example < 30), touched.toString());
      }
    }
  }

  @Test
  void anEpochCanBeGivenUpForAnother() {
    Dataset data = data(1000);
    List<Copy> undisturbed = epoch(data, training(16, 2), AUGMENTATION, 9, 0);
    try (BatchLoader loader = new BatchLoader(data, AUGMENTATION, STREAMS, training(16, 2))) {
      for (int given = 0; given < 20; given++) {
        loader.start(given, 0);
        for (int i = 0; i < given % 5; i++) {
          loader.next();
        }
      }
      loader.start(9, 0);

      assertEquals(undisturbed, drain(loader));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8})
  void aFailingExampleSurfacesAtItsBatchAndNotBefore(int threads) {
    Dataset data =
        new Watched(
            data(100),
            example -> {
              if (example == 57) {
                throw new DataException("photo.jpg: cut short");
              }
            });
    LoaderSettings settings = LoaderSettings.evaluation(10, threads, LAYOUT);
    try (BatchLoader loader = new BatchLoader(data, Augmentation.NONE, STREAMS, settings)) {
      loader.start(0, 0);
      for (int i = 0; i < 5; i++) {
        assertNotNull(loader.next());
      }

      DataException e = assertThrows(DataException.class, loader::next);
      assertEquals("synthetic/train, example 57: photo.jpg: cut short", e.getMessage());
      assertThrows(DataException.class, loader::next);

      loader.start(0, 6);
      assertEquals(4, drain(loader).size());
    }
  }

  @Test
  void anErrorOfAThreadReachesTheConsumerAsItIs() {
    OutOfMemoryError error = new OutOfMemoryError("made up");
    Dataset data =
        new Watched(
            data(100),
            example -> {
              throw error;
            });
    try (BatchLoader loader = new BatchLoader(data, AUGMENTATION, STREAMS, training(10, 2))) {
      loader.start(0, 0);

      assertSame(error, assertThrows(OutOfMemoryError.class, loader::next));
    }
  }

  @Test
  void anInterruptedConsumerIsToldAndKeepsItsFlag() {
    CountDownLatch blocked = new CountDownLatch(1);
    Dataset data = new Watched(data(100), example -> awaitUninterruptibly(blocked));
    try (BatchLoader loader = new BatchLoader(data, AUGMENTATION, STREAMS, training(10, 1))) {
      loader.start(0, 0);
      Thread.currentThread().interrupt();

      assertThrows(CancellationException.class, loader::next);
      assertTrue(Thread.interrupted());
      blocked.countDown();
    }
  }

  @Test
  void closeEndsTheThreadsInTheMiddleOfAnEpoch() {
    BatchLoader loader = new BatchLoader(data(1000), AUGMENTATION, STREAMS, training(10, 8));
    loader.start(0, 0);
    loader.next();
    assertEquals(8, loaderThreads().size());
    assertTrue(loaderThreads().stream().allMatch(Thread::isDaemon));

    loader.close();
    loader.close();

    assertEquals(List.of(), loaderThreads());
    assertThrows(IllegalStateException.class, loader::next);
  }

  @Test
  void refusesSettingsThatCannotWork() {
    Dataset data = data(20);
    LoaderSettings tooLarge = training(21, 1);
    LoaderSettings tooFewChannels = LoaderSettings.training(4, 1, BatchLayout.channelsLast(2));

    var noBatch =
        assertThrows(
            IllegalArgumentException.class,
            () -> new BatchLoader(data, AUGMENTATION, STREAMS, tooLarge));
    assertTrue(noBatch.getMessage().contains("20 examples, too few for a batch of 21"));
    assertThrows(
        IllegalArgumentException.class,
        () -> new BatchLoader(data, AUGMENTATION, STREAMS, tooFewChannels));
    assertThrows(IllegalArgumentException.class, () -> training(0, 1));
    assertThrows(IllegalArgumentException.class, () -> training(1, 0));
  }

  @Test
  void withoutDropLastTrainingVisitsEveryExample() {
    List<Copy> batches = epoch(data(70), training(32, 2).withDropLast(false), AUGMENTATION, 1, 0);

    assertEquals(
        IntStream.of(STREAMS.permutation(70, 1)).boxed().toList(),
        batches.stream().flatMap(b -> b.examples().stream()).toList());
    assertFalse(batches.isEmpty());
  }

  private static PixelDataset data(int size) {
    return (PixelDataset) new Synthetic(STREAMS, 3, 8, 8, 5).split(size, 1).train();
  }

  private static LoaderSettings training(int batchSize, int threads) {
    return LoaderSettings.training(batchSize, threads, LAYOUT);
  }

  private static List<Copy> epoch(
      Dataset data, LoaderSettings settings, Augmentation augmentation, long epoch, int first) {
    try (BatchLoader loader = new BatchLoader(data, augmentation, STREAMS, settings)) {
      loader.start(epoch, first);
      return drain(loader);
    }
  }

  private static List<Copy> drain(BatchLoader loader) {
    List<Copy> copies = new ArrayList<>();
    for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
      copies.add(Copy.of(batch));
    }
    assertNull(loader.next());
    return copies;
  }

  private static List<Thread> loaderThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("randwire-data-"))
        .toList();
  }

  /** Waits until all threads have nothing to do; sleeping lets the timeout of a test end it. */
  private static void awaitIdleThreads() throws InterruptedException {
    while (!loaderThreads().stream().allMatch(t -> t.getState() == Thread.State.WAITING)) {
      Thread.sleep(1);
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** A data set that tells an observer of every example it is asked for. */
  private record Watched(PixelDataset data, IntConsumer observer) implements PixelDataset {
    @Override
    public String name() {
      return data.name();
    }

    @Override
    public int size() {
      return data.size();
    }

    @Override
    public int classes() {
      return data.classes();
    }

    @Override
    public int channels() {
      return data.channels();
    }

    @Override
    public int height() {
      return data.height();
    }

    @Override
    public int width() {
      return data.width();
    }

    @Override
    public Normalization normalization() {
      return data.normalization();
    }

    @Override
    public int label(int example) {
      return data.label(example);
    }

    @Override
    public void pixels(int example, byte[] into) {
      observer.accept(example);
      data.pixels(example, into);
    }
  }
}
