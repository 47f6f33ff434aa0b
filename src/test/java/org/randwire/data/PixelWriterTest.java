// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.data.augment.Augmentation;
import org.randwire.data.augment.Augmentation.Placement;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

class PixelWriterTest {
  private static final RandomStreams STREAMS = new RandomStreams(5);

  /** Compares with the definition, pixel by pixel; shift 9 pushes small images out of the frame. */
  @ParameterizedTest
  @CsvSource({
    "true, 3, 6, 5, 4",
    "true, 8, 6, 5, 4",
    "false, 3, 6, 5, 4",
    "false, 4, 6, 5, 2",
    "true, 3, 1, 1, 1",
    "true, 4, 3, 2, 9",
    "true, 3, 7, 7, 0"
  })
  void writesPaddedCropsAsDefined(
      boolean channelsLast, int paddedChannels, int height, int width, int maxShift) {
    PixelDataset data =
        (PixelDataset) new Synthetic(STREAMS, 3, height, width, 4).split(200, 1).train();
    Augmentation augmentation = new Augmentation(maxShift, 0.5);
    BatchLayout layout = new BatchLayout(channelsLast, paddedChannels);
    PixelWriter writer = new PixelWriter(data, augmentation, STREAMS, layout);
    int floats = paddedChannels * height * width;
    float[] written = new float[1 + floats + 1];
    for (int example = 0; example < data.size(); example++) {
      writer.write(6, example, written, 1);

      float[] expected = expected(data, example, 6, augmentation, layout);
      for (int i = 0; i < floats; i++) {
        assertEquals(expected[i], written[1 + i], "example %d, value %d".formatted(example, i));
      }
      assertEquals(0, written[0]);
      assertEquals(0, written[1 + floats]);
    }
  }

  /** Without the hole the same image; inside it zeros in every channel, and nothing else. */
  @ParameterizedTest
  @CsvSource({"true, 4, 4", "false, 3, 5", "true, 3, 40"})
  void cutoutZeroesASquareClippedAtTheBorders(boolean channelsLast, int padded, int side) {
    int size = 9;
    PixelDataset data =
        (PixelDataset) new Synthetic(STREAMS, 3, size, size, 4).split(400, 1).train();
    BatchLayout layout = new BatchLayout(channelsLast, padded);
    Augmentation whole = new Augmentation(2, 0.5);
    ExampleWriter plain = new PixelWriter(data, whole, STREAMS, layout);
    ExampleWriter holed = new PixelWriter(data, whole.withCutout(side), STREAMS, layout);
    float[] expected = new float[padded * size * size];
    float[] written = new float[padded * size * size];
    Set<Integer> rows = new HashSet<>();
    for (int example = 0; example < data.size(); example++) {
      plain.write(3, example, expected, 0);
      holed.write(3, example, written, 0);
      PhiloxStream random = STREAMS.stream(Purpose.AUGMENTATION, 3, example);
      whole.draw(random);
      int centreY = random.nextInt(size);
      int centreX = random.nextInt(size);
      rows.add(centreY);
      for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
          int down = y - (centreY - side / 2);
          int right = x - (centreX - side / 2);
          boolean cut = down >= 0 && down < side && right >= 0 && right < side;
          for (int c = 0; c < 3; c++) {
            int at = channelsLast ? (y * size + x) * padded + c : (c * size + y) * size + x;
            assertEquals(cut ? 0 : expected[at], written[at], "example " + example);
          }
        }
      }
    }
    assertEquals(size, rows.size(), "the centre may lie in every row");
  }

  private static float[] expected(
      PixelDataset data, int example, long epoch, Augmentation augmentation, BatchLayout layout) {
    int height = data.height();
    int width = data.width();
    byte[] pixels = new byte[data.pixelCount()];
    data.pixels(example, pixels);
    Placement at = augmentation.draw(STREAMS.stream(Purpose.AUGMENTATION, epoch, example));
    float[] out = new float[layout.paddedChannels() * height * width];
    for (int c = 0; c < data.channels(); c++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          int fromY = y + at.down();
          int fromX = (at.flipped() ? width - 1 - x : x) + at.right();
          boolean inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
          int to =
              layout.channelsLast()
                  ? (y * width + x) * layout.paddedChannels() + c
                  : (c * height + y) * width + x;
          if (inside) {
            double pixel = Byte.toUnsignedInt(pixels[(c * height + fromY) * width + fromX]) / 255.0;
            double mean = data.normalization().mean().get(c);
            out[to] = (float) ((pixel - mean) / data.normalization().standardDeviation().get(c));
          }
        }
      }
    }
    return out;
  }
}
