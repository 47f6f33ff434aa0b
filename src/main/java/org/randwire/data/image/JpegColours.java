// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import org.randwire.data.image.ImageHeader.Colours;

/** Turns a JPEG's stored components into RGB with libjpeg's and Pillow's integer arithmetic. */
final class JpegColours {
  private static final int HALF = 1 << 15;
  private static final int[] RED_OF_CR = new int[256];
  private static final int[] GREEN_OF_CR = new int[256];
  private static final int[] GREEN_OF_CB = new int[256];
  private static final int[] BLUE_OF_CB = new int[256];

  static {
    // JFIF, with 16 fraction bits: jdcolor.c, build_ycc_rgb_table.
    for (int i = 0; i < 256; i++) {
      RED_OF_CR[i] = (fixed(1.40200) * (i - 128) + HALF) >> 16;
      BLUE_OF_CB[i] = (fixed(1.77200) * (i - 128) + HALF) >> 16;
      GREEN_OF_CR[i] = -fixed(0.71414) * (i - 128);
      GREEN_OF_CB[i] = -fixed(0.34414) * (i - 128) + HALF;
    }
  }

  private JpegColours() {}

  /**
   * Converts a row.
   *
   * @param pixels components of a pixel side by side, from position {@code from} on
   * @param into gets three bytes a pixel from position {@code to} on
   */
  static void toRgb(Colours colours, byte[] pixels, int from, int count, byte[] into, int to) {
    switch (colours) {
      case GREY -> grey(pixels, from, count, into, to);
      case RGB -> System.arraycopy(pixels, from, into, to, 3 * count);
      case YCBCR -> {
        for (int i = 0; i < count; i++) {
          differences(pixels, from + 3 * i, into, to + 3 * i);
        }
      }
      case YCCK -> {
        for (int i = 0; i < count; i++) {
          ycck(pixels, from + 4 * i, into, to + 3 * i);
        }
      }
      case CMYK -> {
        for (int i = 0; i < count; i++) {
          int ink = from + 4 * i;
          int light = pixels[ink + 3] & 0xFF;
          for (int c = 0; c < 3; c++) {
            into[to + 3 * i + c] = inked(pixels[ink + c] & 0xFF, light);
          }
        }
      }
      default -> throw new IllegalArgumentException("no colours of a JPEG: " + colours);
    }
  }

  private static void grey(byte[] pixels, int from, int count, byte[] into, int to) {
    for (int i = 0; i < count; i++) {
      byte level = pixels[from + i];
      into[to + 3 * i] = level;
      into[to + 3 * i + 1] = level;
      into[to + 3 * i + 2] = level;
    }
  }

  private static void differences(byte[] pixels, int from, byte[] into, int to) {
    int luminance = pixels[from] & 0xFF;
    int blue = pixels[from + 1] & 0xFF;
    int red = pixels[from + 2] & 0xFF;
    into[to] = level(luminance + RED_OF_CR[red]);
    into[to + 1] = level(luminance + ((GREEN_OF_CB[blue] + GREEN_OF_CR[red]) >> 16));
    into[to + 2] = level(luminance + BLUE_OF_CB[blue]);
  }

  /** The differences encode the inverse of what is stored of C, M and Y. */
  private static void ycck(byte[] pixels, int from, byte[] into, int to) {
    differences(pixels, from, into, to);
    int light = pixels[from + 3] & 0xFF;
    for (int c = 0; c < 3; c++) {
      into[to + c] = inked(255 - (into[to + c] & 0xFF), light);
    }
  }

  /**
   * The light that an ink and black leave, both stored inverted: with C = 255 - stored, Pillow's
   * cmyk2rgb gives light - C * light / 255, rounded.
   */
  private static byte inked(int stored, int light) {
    int product = (255 - stored) * light + 128;
    return level(light - (((product >> 8) + product) >> 8));
  }

  private static byte level(int value) {
    return (byte) Math.max(0, Math.min(255, value));
  }

  private static int fixed(double value) {
    return (int) (value * (1 << 16) + 0.5);
  }
}
