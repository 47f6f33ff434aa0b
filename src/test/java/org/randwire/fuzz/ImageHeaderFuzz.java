// SPDX-License-Identifier: Apache-2.0
package org.randwire.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.randwire.data.DataException;
import org.randwire.data.image.ImageHeader;

/** Headers of pictures: sizes within the limit and one of the eight orientations, or a refusal. */
public final class ImageHeaderFuzz {

  private ImageHeaderFuzz() {}

  /** What Jazzer calls. */
  public static void fuzzerTestOneInput(byte[] data) {
    try {
      ImageHeader header = ImageHeader.read(data);
      long pixels = (long) header.width() * header.height();
      assertTrue(header.width() > 0 && header.height() > 0, header.toString());
      assertTrue(pixels <= ImageHeader.MAX_PIXELS, header.toString());
    } catch (DataException refused) {
      assertTrue(String.valueOf(refused.getMessage()).length() < 300, refused.toString());
    }
  }
}
