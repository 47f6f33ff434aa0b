// SPDX-License-Identifier: Apache-2.0
package org.randwire.op;

/**
 * Makes a batch out of a data set in device memory: each image shifted, mirrored, given a hole and
 * normalised as its epoch's random stream says, and its label. Operands: (pixels, classes, values,
 * batch) to (images, labels).
 *
 * <ul>
 *   <li>pixels: uint8 {@code [examples, C, H, W]}; classes: int32, one per example
 *   <li>values: float32 {@code [1, C, 1, 256]}, what each pixel value of a channel becomes
 *   <li>batch: int32 vector of {@link #EPOCH_WORDS} words of the epoch, the low one first, and an
 *       example per image; {@link #NO_EXAMPLE} gives an image of zeros and label 0
 * </ul>
 *
 * <p>The random numbers are those of the stream (augmentation, epoch, example) under the seed, in
 * this order: two whole numbers in [0, 2 maxShift], which less maxShift are the shifts down and
 * right; a float, which mirrors the image if it is less than the probability; and, with a cutout,
 * the row and the column of the hole's centre. Pixel (y, x) is that of (y + down, x + right), 0
 * outside the image; mirrored after that, the hole cut last.
 *
 * @param seed the master seed
 * @param maxShift largest shift along each axis in pixels, at least 0
 * @param flipProbability in [0, 1]
 * @param cutout side of the hole in pixels; 0 for none
 */
public record Augment(long seed, int maxShift, double flipProbability, int cutout)
    implements Primitive {

  /** Words in front of the batch's examples. */
  public static final int EPOCH_WORDS = 2;

  /** Stands for no example, behind the last of a smaller batch. */
  public static final int NO_EXAMPLE = -1;

  /** Values that a pixel of a channel takes. */
  public static final int PIXEL_VALUES = 256;

  @Override
  public String label() {
    return "augment";
  }
}
