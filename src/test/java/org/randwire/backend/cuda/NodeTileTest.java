// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class NodeTileTest {

  @Test
  void forwardTilesFitTheRowsAndCoverTheBatch() {
    for (int rows : new int[] {64, 128}) {
      for (int stride = 1; stride <= 2; stride++) {
        for (int size = 1; size <= 57; size += 3) {
          NodeTile tile = NodeTile.forward(5, size, size + 2, stride, rows);
          String what = size + " " + stride + " " + tile;
          assertTrue(tile.images() * tile.height() * tile.width() <= rows, what);
          long tiles = Geometry.ceil(size, tile.height()) * Geometry.ceil(size + 2, tile.width());
          assertEquals(tiles * Geometry.ceil(5, tile.images()), tile.blocks(), what);
        }
      }
    }
  }

  @Test
  void smallImagesShareABlock() {
    assertEquals(new NodeTile(7, 7, 2, 64), NodeTile.forward(128, 7, 7, 1, 128));
    assertEquals(new NodeTile(1, 1, 5, 1), NodeTile.forward(5, 1, 1, 1, 64));
  }

  @Test
  void backwardTilesAreEvenWhereAStrideNeedsIt() {
    for (int size = 1; size <= 70; size++) {
      NodeTile tile = NodeTile.backward(3, size, size, 2, 5);
      assertTrue(tile.height() <= 16 + 1, size + " " + tile);
      assertTrue(tile.height() == size || tile.height() % 2 == 0, size + " " + tile);
      long side = Geometry.ceil(size, tile.height());
      assertEquals(side * side * Geometry.ceil(3, tile.images()), tile.blocks(), size + " " + tile);
    }
  }
}
