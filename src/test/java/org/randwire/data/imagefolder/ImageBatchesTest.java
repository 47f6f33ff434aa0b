// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.imagefolder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.randwire.data.Batch;
import org.randwire.data.BatchLayout;
import org.randwire.data.BatchLoader;
import org.randwire.data.DataException;
import org.randwire.data.DataSplit;
import org.randwire.data.Dataset;
import org.randwire.data.ExampleWriter;
import org.randwire.data.LoaderSettings;
import org.randwire.data.UnreadableExamples;
import org.randwire.data.augment.Augmentation;
import org.randwire.data.augment.ColourChange;
import org.randwire.data.augment.ResizedCrop;
import org.randwire.data.image.Box;
import org.randwire.data.image.Framing;
import org.randwire.data.image.ImageDecoder;
import org.randwire.data.image.ImageDecoders;
import org.randwire.data.image.ImageHeader;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

@Timeout(60)
class ImageBatchesTest {
  private static final RandomStreams STREAMS = new RandomStreams(11);
  private static final BatchLayout LAYOUT = BatchLayout.channelsLast(4);
  private static final int SIDE = 12;
  private static final Augmentation EVERYTHING =
      Augmentation.PHOTOGRAPHS.withColours(new ColourChange(0.4, 0.4, 0.4, 0.1)).withCutout(5);

  @TempDir Path root;

  @BeforeEach
  void writePictures() throws IOException {
    Pictures.write(root, List.of("cat", "dog", "emu"), 8, 3);
  }

  private Dataset train(double unreadableShare) {
    return ImageFolder.load(root, SIDE, unreadableShare).train();
  }

  private record Copy(List<Integer> examples, List<Integer> labels, int hash, List<String> bad) {
    static Copy of(Batch batch) {
      return new Copy(
          IntStream.of(batch.examples()).boxed().toList(),
          IntStream.of(batch.labels()).boxed().toList(),
          Arrays.hashCode(batch.images()),
          IntStream.range(0, batch.size())
              .mapToObj(i -> String.valueOf(batch.unreadable(i)))
              .toList());
    }
  }

  private static List<Copy> epoch(Dataset data, int threads, long epoch) {
    try (BatchLoader loader =
        new BatchLoader(data, EVERYTHING, STREAMS, LoaderSettings.training(8, threads, LAYOUT))) {
      loader.start(epoch, 0);
      List<Copy> copies = new ArrayList<>();
      for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
        copies.add(Copy.of(batch));
      }
      return copies;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 5})
  void anyNumberOfThreadsGivesTheSameBatches(int threads) throws IOException {
    Files.writeString(root.resolve("train/dog/image_03.jpg"), "not a picture");
    List<Copy> single = epoch(train(0.1), 1, 2);
    assertEquals(3, single.size());
    assertEquals(single, epoch(train(0.1), threads, 2));
    assertNotEquals(single, epoch(train(0.1), threads, 3));
  }

  @Test
  void whatCannotBeReadIsReplacedByTheNextReadable() throws IOException {
    Path first = Files.writeString(root.resolve("train/dog/image_07.jpg"), "not a picture");
    Path second = Files.write(root.resolve("train/emu/image_00.jpg"), new byte[0]);
    Dataset data = train(0.1); // examples 15 and 16 of 24, the first one in class 1
    LoaderSettings settings = LoaderSettings.evaluation(24, 2, LAYOUT);
    try (BatchLoader loader = new BatchLoader(data, Augmentation.NONE, STREAMS, settings)) {
      loader.start(0, 0);
      Batch batch = loader.next();
      assertEquals(17, batch.examples()[15]);
      assertEquals(17, batch.examples()[16]);
      assertEquals(2, batch.labels()[15]);
      assertTrue(batch.unreadable(15).startsWith(first + ": "), batch.unreadable(15));
      assertEquals(second + ": the file is empty", batch.unreadable(16));
      int floats = SIDE * SIDE * 4;
      assertArrayEquals(
          Arrays.copyOfRange(batch.images(), 17 * floats, 18 * floats),
          Arrays.copyOfRange(batch.images(), 15 * floats, 16 * floats));
      UnreadableExamples count = new UnreadableExamples(data);
      count.add(batch);
      assertEquals(2, count.count());
      DataException e = assertThrows(DataException.class, () -> count.add(batch));
      assertEquals(
          "imagefolder/train: 4 of 24 examples could not be read so far, more than a share of 0.1;"
              + " the first: "
              + batch.unreadable(15),
          e.getMessage());
    }
  }

  @Test
  void withoutAShareTheFirstEndsTheEpoch() throws IOException {
    Path bad = Files.writeString(root.resolve("train/dog/image_03.jpg"), "not a picture");
    DataException e = assertThrows(DataException.class, () -> epoch(train(0), 2, 0));
    assertTrue(e.getMessage().startsWith("imagefolder/train, example 11: " + bad), e.getMessage());
  }

  @Test
  void aFolderInWhichNothingCanBeReadEndsSoon() throws IOException {
    for (String name : List.of("cat", "dog", "emu")) {
      for (int i = 0; i < 8; i++) {
        Files.writeString(root.resolve("train/%s/image_%02d.jpg".formatted(name, i)), "nothing");
      }
    }
    assertThrows(DataException.class, () -> epoch(train(0.2), 2, 0));
  }

  /** Against the same steps one after the other, from the streams and the decoder themselves. */
  @ParameterizedTest
  @CsvSource({"true, 4", "false, 3"})
  void trainingSeesTheDrawnPartRecolouredNormalisedAndCutOut(boolean channelsLast, int channels)
      throws IOException {
    BatchLayout layout = new BatchLayout(channelsLast, channels);
    Dataset data = train(0);
    int example = 13;
    float[] written = new float[channels * SIDE * SIDE + 7];
    try (ExampleWriter writer = data.writer(EVERYTHING, STREAMS, layout)) {
      writer.write(6, 2, written, 7); // whatever was written before makes no difference
      Arrays.fill(written, 0);
      writer.write(5, example, written, 7);
    }

    PhiloxStream random = STREAMS.stream(Purpose.AUGMENTATION, 5, example);
    byte[] file = Files.readAllBytes(root.resolve("train/dog/image_05.jpg"));
    ImageHeader header = ImageHeader.read(file);
    ResizedCrop.Part part = ResizedCrop.STANDARD.draw(random, header.width(), header.height());
    Box box = new Box(part.left(), part.top(), part.width(), part.height());
    boolean flipped = EVERYTHING.drawFlip(random);
    float[] rgb = decode(file, header, Framing.resizedCrop(box, SIDE, SIDE, flipped));
    EVERYTHING.colours().apply(rgb, random);
    Augmentation.Hole hole = EVERYTHING.drawHole(random, SIDE, SIDE);
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        boolean cut = y >= hole.top() && y < hole.bottom() && x >= hole.left() && x < hole.right();
        for (int c = 0; c < 3; c++) {
          double mean = ImageFolder.NORMALIZATION.mean().get(c);
          double deviation = ImageFolder.NORMALIZATION.standardDeviation().get(c);
          double expected = cut ? 0 : (rgb[3 * (y * SIDE + x) + c] / 255 - mean) / deviation;
          int at = channelsLast ? (y * SIDE + x) * channels + c : (c * SIDE + y) * SIDE + x;
          assertEquals(expected, written[7 + at], 1e-5, "at " + y + ", " + x + ", " + c);
        }
      }
    }
  }

  @Test
  void evaluationSeesTheCentreOfTheResizedPicture() throws IOException {
    DataSplit split = ImageFolder.load(root, 14, 0);
    float[] written = new float[3 * 14 * 14];
    try (ExampleWriter writer =
        split.test().writer(Augmentation.NONE, STREAMS, BatchLayout.channelsFirst(3))) {
      writer.write(0, 4, written, 0);
    }
    byte[] file = Files.readAllBytes(root.resolve("val/dog/image_01.jpg"));
    ImageHeader header = ImageHeader.read(file);
    float[] rgb = decode(file, header, Framing.centre(header.width(), header.height(), 16, 14));
    for (int i = 0; i < 14 * 14; i++) {
      for (int c = 0; c < 3; c++) {
        assertEquals(
            ImageFolder.NORMALIZATION.table(c)[(int) rgb[3 * i + c]], written[c * 196 + i]);
      }
    }
    assertEquals(256, ImageWriter.shortSide(224));
    assertEquals(366, ImageWriter.shortSide(320));
  }

  @Test
  void shiftsAreForImagesOfOneSize() {
    Augmentation shift = new Augmentation(4, 0.5);
    assertThrows(IllegalArgumentException.class, () -> train(0).writer(shift, STREAMS, LAYOUT));
    assertFalse(
        Thread.getAllStackTraces().keySet().stream()
            .anyMatch(t -> t.getName().equals("randwire-data-0")));
  }

  private static float[] decode(byte[] file, ImageHeader header, Framing framing) {
    byte[] pixels = new byte[framing.bytes()];
    try (ImageDecoder decoder = ImageDecoders.open()) {
      decoder.decode(file, header, framing, pixels);
    }
    float[] rgb = new float[pixels.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = pixels[i] & 0xFF;
    }
    return rgb;
  }
}
