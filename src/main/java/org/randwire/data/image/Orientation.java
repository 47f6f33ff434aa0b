// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

/**
 * How the stored pixels must be turned to stand upright: the eight values of EXIF's tag 274, in
 * their order. The upright pixel at column u, row v is the stored one at column x, row y; x runs
 * with u and y with v, or the other way round where it transposes, and each may run backwards.
 */
public enum Orientation {
  UPRIGHT(false, false, false),
  MIRRORED(false, true, false),
  HALF_TURN(false, true, true),
  UPSIDE_DOWN(false, false, true),
  TRANSPOSED(true, false, false),
  QUARTER_TURN(true, false, true),
  TRANSVERSE(true, true, true),
  THREE_QUARTER_TURN(true, true, false);

  private static final Orientation[] VALUES = values();

  private final boolean transposes;
  private final boolean reversesColumns;
  private final boolean reversesRows;

  Orientation(boolean transposes, boolean reversesColumns, boolean reversesRows) {
    this.transposes = transposes;
    this.reversesColumns = reversesColumns;
    this.reversesRows = reversesRows;
  }

  /** The orientation of an EXIF value; what is not in [1, 8] counts as upright. */
  public static Orientation ofExif(int value) {
    return value >= 1 && value <= VALUES.length ? VALUES[value - 1] : UPRIGHT;
  }

  /** The value in EXIF, in [1, 8]. */
  public int exif() {
    return ordinal() + 1;
  }

  /** Whether width and height are exchanged. */
  public boolean transposes() {
    return transposes;
  }

  /** Whether the stored columns run backwards. */
  public boolean reversesColumns() {
    return reversesColumns;
  }

  /** Whether the stored rows run backwards. */
  public boolean reversesRows() {
    return reversesRows;
  }

  /** Where a box of the upright image lies in the stored one, which has this size. */
  Box stored(Box upright, int storedWidth, int storedHeight) {
    int left = transposes ? upright.top() : upright.left();
    int top = transposes ? upright.left() : upright.top();
    int width = transposes ? upright.height() : upright.width();
    int height = transposes ? upright.width() : upright.height();
    return new Box(
        reversesColumns ? storedWidth - left - width : left,
        reversesRows ? storedHeight - top - height : top,
        width,
        height);
  }

  /**
   * Turns an RGB image of {@code width x height} stored pixels upright; three bytes a pixel, rows
   * without gaps.
   */
  void apply(byte[] stored, int width, int height, byte[] upright) {
    int uprightWidth = transposes ? height : width;
    int uprightHeight = transposes ? width : height;
    int first = 3 * ((reversesRows ? height - 1 : 0) * width + (reversesColumns ? width - 1 : 0));
    int stepX = reversesColumns ? -3 : 3;
    int stepY = reversesRows ? -3 * width : 3 * width;
    int stepU = transposes ? stepY : stepX;
    int stepV = transposes ? stepX : stepY;
    int to = 0;
    for (int v = 0; v < uprightHeight; v++) {
      int from = first + v * stepV;
      for (int u = 0; u < uprightWidth; u++, from += stepU, to += 3) {
        upright[to] = stored[from];
        upright[to + 1] = stored[from + 1];
        upright[to + 2] = stored[from + 2];
      }
    }
  }
}
