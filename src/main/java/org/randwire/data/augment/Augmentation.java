// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.augment;

import org.jspecify.annotations.Nullable;
import org.randwire.random.PhiloxStream;

/**
 * What is changed at random in every training image: where it is cut from, its side, its colours,
 * and a hole. Images of one size are shifted: to shift by up to {@code m} pixels is to pad the
 * image by {@code m} zeros on each side and to crop a window of the first size at a random offset
 * in 0..2m; the zeros are those of the normalised values. Pictures of any size are cropped and
 * resized.
 *
 * @param maxShift largest shift along each axis in pixels, at least 0; each whole shift in
 *     -maxShift..maxShift is equally likely. For images of one size only
 * @param crop how the part that becomes the example is drawn; null for the centre, as in
 *     evaluation. For pictures of any size only, as {@code colours} is
 * @param flipProbability probability of mirroring left and right, in [0, 1]
 * @param cutout side in pixels of the square that is set to zero after normalisation, its centre
 *     anywhere in the image (DeVries and Taylor 2017); 0 for none
 */
public record Augmentation(
    int maxShift,
    @Nullable ResizedCrop crop,
    double flipProbability,
    ColourChange colours,
    int cutout) {
  /** Images as they are. */
  public static final Augmentation NONE = new Augmentation(0, 0, 0);

  /** What networks for ImageNet are trained with: a random resized crop, half of them mirrored. */
  public static final Augmentation PHOTOGRAPHS =
      new Augmentation(0, ResizedCrop.STANDARD, 0.5, ColourChange.NONE, 0);

  public Augmentation {
    if (maxShift < 0 || cutout < 0 || !(flipProbability >= 0 && flipProbability <= 1)) {
      throw new IllegalArgumentException(
          "augmentation needs maxShift and cutout >= 0 and a probability in [0, 1], got %d, %d, %s"
              .formatted(maxShift, cutout, flipProbability));
    }
  }

  /** Shifts, mirrors and cuts a hole. */
  public Augmentation(int maxShift, double flipProbability, int cutout) {
    this(maxShift, null, flipProbability, ColourChange.NONE, cutout);
  }

  /** Shifts and mirrors, and leaves the image whole. */
  public Augmentation(int maxShift, double flipProbability) {
    this(maxShift, flipProbability, 0);
  }

  /** The same with a hole of another side; 0 for none. */
  public Augmentation withCutout(int side) {
    return new Augmentation(maxShift, crop, flipProbability, colours, side);
  }

  /** The same with other changes of colour. */
  public Augmentation withColours(ColourChange change) {
    return new Augmentation(maxShift, crop, flipProbability, change, cutout);
  }

  /** The same with another crop. */
  public Augmentation withCrop(ResizedCrop other) {
    return new Augmentation(maxShift, other, flipProbability, colours, cutout);
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
    return new Placement(down, right, drawFlip(random));
  }

  /** Draws whether one image is mirrored. */
  public boolean drawFlip(PhiloxStream random) {
    return random.nextFloat() < flipProbability;
  }

  /**
   * Draws the hole of one image; none if {@code cutout} is 0.
   *
   * @param random the stream of this image in this epoch, behind all other draws
   */
  public Hole drawHole(PhiloxStream random, int height, int width) {
    if (cutout == 0) {
      return Hole.NONE;
    }
    int top = random.nextInt(height) - cutout / 2;
    int left = random.nextInt(width) - cutout / 2;
    return new Hole(
        Math.max(0, top),
        Math.min(height, top + cutout),
        Math.max(0, left),
        Math.min(width, left + cutout));
  }

  /** Pixels to be set to zero: rows [top, bottom) and columns [left, right). */
  public record Hole(int top, int bottom, int left, int right) {
    /** Nothing. */
    public static final Hole NONE = new Hole(0, 0, 0, 0);
  }

  /**
   * Pixel (y, x) of the result is pixel (y + down, x + right) of the image, or 0 where that lies
   * outside; if flipped, the result is then mirrored left and right.
   */
  public record Placement(int down, int right, boolean flipped) {}
}
