// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.security.MessageDigest;
import org.randwire.data.augment.Augmentation;
import org.randwire.random.RandomStreams;

/** Labelled 8-bit images of one size. */
public interface PixelDataset extends Dataset {
  /**
   * Copies the pixels of an example in [0, size) into the array, in [C, H, W] order, as unsigned
   * bytes.
   *
   * @param into of {@link #pixelCount} bytes
   * @throws DataException if the example cannot be read
   */
  void pixels(int example, byte[] into);

  /** Bytes of one example: channels * height * width. */
  default int pixelCount() {
    return channels() * height() * width();
  }

  @Override
  default void identify(int example, MessageDigest digest) {
    byte[] pixels = new byte[pixelCount()];
    pixels(example, pixels);
    digest.update((byte) label(example));
    digest.update(pixels);
  }

  @Override
  default ExampleWriter writer(
      Augmentation augmentation, RandomStreams streams, BatchLayout layout) {
    return new PixelWriter(this, augmentation, streams, layout);
  }
}
