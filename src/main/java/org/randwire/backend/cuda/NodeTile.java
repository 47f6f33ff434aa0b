// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

/**
 * The rectangle of pixels that a block of a node's kernel takes, or the images of which it takes
 * all pixels.
 *
 * @param blocks how many there are in a batch
 */
record NodeTile(int height, int width, int images, long blocks) {

  /** Pixels of a side of a backward tile at most. */
  private static final int BACKWARD_SIDE = 16;

  /** Blocks that shall at least remain when one takes several images. */
  private static final long BACKWARD_BLOCKS = 1024;

  private static final int BACKWARD_IMAGES = 8;

  /**
   * The forward tile of output pixels that costs least: pixels read with their halo, and rows of
   * the product, used or not.
   */
  static NodeTile forward(int batch, int outHeight, int outWidth, int stride, int rows) {
    if (outHeight * outWidth <= rows) {
      int images = Math.min(batch, rows / (outHeight * outWidth));
      return new NodeTile(outHeight, outWidth, images, Geometry.ceil(batch, images));
    }
    NodeTile best = null;
    long least = Long.MAX_VALUE;
    for (int width = 1; width <= Math.min(outWidth, rows); width++) {
      int height = Math.min(outHeight, rows / width);
      long tiles = Geometry.ceil(outHeight, height) * Geometry.ceil(outWidth, width);
      long halo = ((height - 1L) * stride + 3) * ((width - 1L) * stride + 3);
      long cost = tiles * (halo + rows);
      if (cost < least) {
        least = cost;
        best = new NodeTile(height, width, 1, batch * tiles);
      }
    }
    return best;
  }

  /**
   * The backward tile of input pixels, its sides even where the stride is 2. {@code blocks} counts
   * parts: each is taken by a block for every slice of channels.
   */
  static NodeTile backward(int batch, int height, int width, int stride, int slices) {
    int high = side(height, stride);
    int wide = side(width, stride);
    long tiles = Geometry.ceil(height, high) * Geometry.ceil(width, wide);
    long wanted = batch * tiles * slices / BACKWARD_BLOCKS;
    int images = (int) Math.max(1, Math.min(Math.min(BACKWARD_IMAGES, batch), wanted));
    return new NodeTile(high, wide, images, tiles * Geometry.ceil(batch, images));
  }

  private static int side(int size, int stride) {
    if (size <= BACKWARD_SIDE) {
      return size;
    }
    long parts = Geometry.ceil(size, BACKWARD_SIDE);
    return Geometry.roundUp(Geometry.ceil(size, parts), stride);
  }

  /** Rectified sums that a forward block holds. */
  long forwardHalo(int stride) {
    return images * ((height - 1L) * stride + 3) * ((width - 1L) * stride + 3);
  }

  /** Pixels of the output's gradient that a backward block holds, at most. */
  long backwardHalo(int stride) {
    return (height / stride + 2L) * (width / stride + 2L);
  }
}
