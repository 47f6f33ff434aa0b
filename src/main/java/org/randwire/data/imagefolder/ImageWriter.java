// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.imagefolder;

import org.jspecify.annotations.Nullable;
import org.randwire.data.BatchLayout;
import org.randwire.data.DataException;
import org.randwire.data.ExampleWriter;
import org.randwire.data.Normalization;
import org.randwire.data.augment.Augmentation;
import org.randwire.data.augment.Augmentation.Hole;
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

/**
 * Decodes pictures and brings them to one size. Without a crop to be drawn that is evaluation's
 * way: the shorter side resized to 256/224 of the size, and the square in the centre.
 */
final class ImageWriter implements ExampleWriter {
  private static final int CHANNELS = 3;

  private final EncodedImages images;
  private final int side;
  private final Augmentation augmentation;
  private final BatchLayout layout;
  private final PhiloxStream random;
  private final ImageDecoder decoder;
  private final byte[] pixels;
  private final float @Nullable [] recoloured;
  private final float[][] tables;
  private final float[] scale = new float[CHANNELS];
  private final float[] shift = new float[CHANNELS];

  ImageWriter(
      EncodedImages images,
      int side,
      Normalization normalization,
      Augmentation augmentation,
      RandomStreams streams,
      BatchLayout layout) {
    if (augmentation.maxShift() != 0) {
      throw new IllegalArgumentException("pictures of any size are cropped, not shifted");
    }
    this.images = images;
    this.side = side;
    this.augmentation = augmentation;
    this.layout = layout;
    random = streams.stream(Purpose.AUGMENTATION, 0, 0);
    pixels = new byte[CHANNELS * side * side];
    boolean recolours = !augmentation.colours().equals(ColourChange.NONE);
    recoloured = recolours ? new float[pixels.length] : null;
    tables = new float[CHANNELS][];
    for (int c = 0; c < CHANNELS; c++) {
      tables[c] = normalization.table(c);
      scale[c] = (float) (1 / (255 * normalization.standardDeviation().get(c)));
      shift[c] = (float) (-normalization.mean().get(c) / normalization.standardDeviation().get(c));
    }
    decoder = ImageDecoders.open();
  }

  /**
   * Height and width of the resized picture's shorter side, from which evaluation cuts its square.
   */
  static int shortSide(int side) {
    return (int) Math.rint(side * (256 / 224.0));
  }

  @Override
  public void write(long epoch, int example, float[] into, int start) {
    random.reset(Purpose.AUGMENTATION, epoch, example);
    try {
      byte[] file = images.read(example);
      ImageHeader header = ImageHeader.read(file);
      decoder.decode(file, header, framing(header.width(), header.height()), pixels);
    } catch (DataException e) {
      String message = String.valueOf(e.getMessage());
      String place = images.place(example);
      throw message.startsWith(place) ? e : new DataException(place + ": " + message, e);
    }
    if (recoloured == null) {
      writePixels(into, start);
    } else {
      recolour(recoloured, into, start);
    }
    cutOut(augmentation.drawHole(random, side, side), into, start);
  }

  private Framing framing(int width, int height) {
    ResizedCrop crop = augmentation.crop();
    if (crop == null) {
      try {
        return Framing.centre(width, height, shortSide(side), side);
      } catch (IllegalArgumentException e) {
        throw new DataException(String.valueOf(e.getMessage()), e);
      }
    }
    ResizedCrop.Part part = crop.draw(random, width, height);
    Box box = new Box(part.left(), part.top(), part.width(), part.height());
    return Framing.resizedCrop(box, side, side, augmentation.drawFlip(random));
  }

  private void writePixels(float[] into, int start) {
    int step = layout.pixelStride();
    for (int c = 0; c < CHANNELS; c++) {
      float[] table = tables[c];
      int from = c;
      for (int y = 0; y < side; y++) {
        int to = start + layout.rowStart(c, y, side, side);
        for (int x = 0; x < side; x++, to += step, from += CHANNELS) {
          into[to] = table[pixels[from] & 0xFF];
        }
      }
    }
  }

  private void recolour(float[] rgb, float[] into, int start) {
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = pixels[i] & 0xFF;
    }
    augmentation.colours().apply(rgb, random);
    int step = layout.pixelStride();
    for (int c = 0; c < CHANNELS; c++) {
      int from = c;
      for (int y = 0; y < side; y++) {
        int to = start + layout.rowStart(c, y, side, side);
        for (int x = 0; x < side; x++, to += step, from += CHANNELS) {
          into[to] = rgb[from] * scale[c] + shift[c];
        }
      }
    }
  }

  private void cutOut(Hole hole, float[] into, int start) {
    int step = layout.pixelStride();
    for (int c = 0; c < CHANNELS; c++) {
      for (int y = hole.top(); y < hole.bottom(); y++) {
        int to = start + layout.rowStart(c, y, side, side) + hole.left() * step;
        for (int x = hole.left(); x < hole.right(); x++, to += step) {
          into[to] = 0;
        }
      }
    }
  }

  @Override
  public void close() {
    decoder.close();
  }
}
