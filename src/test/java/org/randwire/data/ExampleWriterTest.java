// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.data.augment.Augmentation;
import org.randwire.data.augment.Augmentation.Placement;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

class ExampleWriterTest {
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
    Dataset data = new Synthetic(STREAMS, 3, height, width, 4).split(200, 1).train();
    Augmentation augmentation = new Augmentation(maxShift, 0.5);
    BatchLayout layout = new BatchLayout(channelsLast, paddedChannels);
    ExampleWriter writer = new ExampleWriter(data, augmentation, STREAMS, layout);
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

  private static float[] expected(
      Dataset data, int example, long epoch, Augmentation augmentation, BatchLayout layout) {
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
