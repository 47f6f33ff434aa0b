// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

/**
 * Which part of an upright image becomes an example, and in which size: the crop is cut out,
 * resized as a whole, and the window of the result is what is delivered.
 *
 * @param crop in pixels of the upright image; no pixel outside it is looked at
 * @param resizedWidth the width that the crop is resized to, in [1, {@value #MAX_SIDE}]
 * @param resizedHeight likewise
 * @param window in pixels of the resized crop
 * @param flipped whether the window is delivered mirrored, left and right exchanged
 */
public record Framing(Box crop, int resizedWidth, int resizedHeight, Box window, boolean flipped) {

  /** The longest side that a crop is resized to. */
  public static final int MAX_SIDE = 1 << 16;

  public Framing {
    if (resizedWidth < 1
        || resizedHeight < 1
        || resizedWidth > MAX_SIDE
        || resizedHeight > MAX_SIDE) {
      throw new IllegalArgumentException(
          "cannot resize to %d x %d: sides are in [1, %d]"
              .formatted(resizedWidth, resizedHeight, MAX_SIDE));
    }
    if (!window.within(resizedWidth, resizedHeight)) {
      throw new IllegalArgumentException(
          "%s is not within the resized %d x %d".formatted(window, resizedWidth, resizedHeight));
    }
  }

  /** A crop resized to {@code width x height}, as training sees it. */
  public static Framing resizedCrop(Box crop, int width, int height, boolean flipped) {
    return new Framing(crop, width, height, Box.whole(width, height), flipped);
  }

  /**
   * What evaluation sees of an upright {@code width x height} image: resized so that its shorter
   * side is {@code shortSide}, the other one rounded down, and of that the square of {@code side}
   * pixels in the middle; an odd rest is split as torchvision splits it, halves to even.
   *
   * @param side in [1, shortSide]
   * @throws IllegalArgumentException also where an image is so long that a side would exceed
   *     {@value #MAX_SIDE}
   */
  public static Framing centre(int width, int height, int shortSide, int side) {
    long longer = (long) shortSide * Math.max(width, height) / Math.min(width, height);
    if (longer > MAX_SIDE) {
      throw new IllegalArgumentException(
          "%d x %d with its shorter side at %d has a side over %d"
              .formatted(width, height, shortSide, MAX_SIDE));
    }
    int resizedWidth = width <= height ? shortSide : (int) longer;
    int resizedHeight = width <= height ? (int) longer : shortSide;
    Box window =
        new Box(
            (int) Math.rint((resizedWidth - side) / 2.0),
            (int) Math.rint((resizedHeight - side) / 2.0),
            side,
            side);
    return new Framing(Box.whole(width, height), resizedWidth, resizedHeight, window, false);
  }

  /** Bytes of what is delivered: window height * window width * 3. */
  public int bytes() {
    return Math.multiplyExact(3, Math.multiplyExact(window.width(), window.height()));
  }
}
