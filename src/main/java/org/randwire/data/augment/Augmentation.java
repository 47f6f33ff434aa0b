// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.augment;

import org.randwire.random.PhiloxStream;

/**
 * A random shift, and a random mirroring, of every training image. To shift by up to {@code m}
 * pixels is to pad the image by {@code m} zeros on each side and to crop a window of the first size
 * at a random offset in 0..2m; the zeros are those of the normalised values.
 *
 * @param maxShift largest shift along each axis in pixels, at least 0; each whole shift in
 *     -maxShift..maxShift is equally likely
 * @param flipProbability probability of mirroring left and right, in [0, 1]
 */
public record Augmentation(int maxShift, double flipProbability) {
  /** Images as they are. */
  public static final Augmentation NONE = new Augmentation(0, 0);

  public Augmentation {
    if (maxShift < 0 || !(flipProbability >= 0 && flipProbability <= 1)) {
      throw new IllegalArgumentException(
          "augmentation needs maxShift >= 0 and a probability in [0, 1], got %d and %s"
              .formatted(maxShift, flipProbability));
    }
  }

  /**
   * Draws where the pixels of one image come from.
   *
   * @param random the stream of this image in this epoch, at its start
   */
  public Placement draw(PhiloxStream random) {
    int offsets = 2 * maxShift + 1;
    int down = random.nextInt(offsets) - maxShift;
    int right = random.nextInt(offsets) - maxShift;
    return new Placement(down, right, random.nextFloat() < flipProbability);
  }

  /**
   * Pixel (y, x) of the result is pixel (y + down, x + right) of the image, or 0 where that lies
   * outside; if flipped, the result is then mirrored left and right.
   */
  public record Placement(int down, int right, boolean flipped) {}
}
