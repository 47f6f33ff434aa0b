// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.util.Arrays;
import org.randwire.data.augment.Augmentation;
import org.randwire.data.augment.Augmentation.Hole;
import org.randwire.data.augment.Augmentation.Placement;
import org.randwire.data.augment.ColourChange;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/** Shifts, mirrors and normalises pixels by way of a table of the 256 values of each channel. */
final class PixelWriter implements ExampleWriter {
  private static final Placement IN_PLACE = new Placement(0, 0, false);

  private final PixelDataset data;
  private final Augmentation augmentation;
  private final BatchLayout layout;
  private final PhiloxStream random;
  private final byte[] pixels;
  private final float[][] tables;

  PixelWriter(
      PixelDataset data, Augmentation augmentation, RandomStreams streams, BatchLayout layout) {
    if (augmentation.crop() != null || !augmentation.colours().equals(ColourChange.NONE)) {
      throw new IllegalArgumentException(
          data.name() + " has pixels of one size: it is shifted, not cropped or recoloured");
    }
    this.data = data;
    this.augmentation = augmentation;
    this.layout = layout;
    random = streams.stream(Purpose.AUGMENTATION, 0, 0);
    pixels = new byte[data.pixelCount()];
    tables = new float[data.channels()][];
    Arrays.setAll(tables, data.normalization()::table);
  }

  @Override
  public void write(long epoch, int example, float[] into, int start) {
    data.pixels(example, pixels);
    int height = data.height();
    int width = data.width();
    boolean augments = !augmentation.equals(Augmentation.NONE);
    Placement placement =
        augments ? augmentation.draw(random.reset(Purpose.AUGMENTATION, epoch, example)) : IN_PLACE;
    Hole hole = augments ? augmentation.drawHole(random, height, width) : Hole.NONE;
    for (int c = 0; c < tables.length; c++) {
      for (int y = 0; y < height; y++) {
        int from = y + placement.down();
        int to = start + layout.rowStart(c, y, height, width);
        if (from < 0 || from >= height) {
          zeroRow(into, to, width);
        } else {
          writeRow(tables[c], (c * height + from) * width, placement, into, to, width);
        }
        if (y >= hole.top() && y < hole.bottom()) {
          zeroRow(into, to + hole.left() * layout.pixelStride(), hole.right() - hole.left());
        }
      }
    }
  }

  private void writeRow(
      float[] table, int from, Placement placement, float[] into, int to, int width) {
    int right = placement.right();
    int first = Math.min(width, Math.max(0, -right));
    int last = Math.max(first, Math.min(width, width - right));
    int step = placement.flipped() ? -layout.pixelStride() : layout.pixelStride();
    int position = placement.flipped() ? to - (width - 1) * step : to;
    int x = 0;
    for (; x < first; x++, position += step) {
      into[position] = 0;
    }
    for (; x < last; x++, position += step) {
      into[position] = table[pixels[from + x + right] & 0xFF];
    }
    for (; x < width; x++, position += step) {
      into[position] = 0;
    }
  }

  private void zeroRow(float[] into, int to, int width) {
    int step = layout.pixelStride();
    for (int x = 0, position = to; x < width; x++, position += step) {
      into[position] = 0;
    }
  }
}
