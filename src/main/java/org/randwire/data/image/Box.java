// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

/**
 * A rectangle of whole pixels: columns {@code left..left+width-1}, rows {@code top..top+height-1}.
 *
 * @param left at least 0
 * @param top at least 0
 * @param width at least 1
 * @param height at least 1
 */
public record Box(int left, int top, int width, int height) {

  public Box {
    if (left < 0 || top < 0 || width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "no rectangle of pixels: left %d, top %d, width %d, height %d"
              .formatted(left, top, width, height));
    }
  }

  /** The whole of an image. */
  public static Box whole(int width, int height) {
    return new Box(0, 0, width, height);
  }

  /** Whether it lies within an image of this size. */
  boolean within(int imageWidth, int imageHeight) {
    return width <= imageWidth - left && height <= imageHeight - top;
  }
}
