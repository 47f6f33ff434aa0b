// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

/** The one value of EXIF metadata that changes how an image looks. */
final class Exif {
  private static final int TAG_ORIENTATION = 0x112;
  private static final int TYPE_SHORT = 3;
  private static final int ENTRY_BYTES = 12;

  private Exif() {}

  /**
   * The orientation in the first directory of the TIFF structure at {@code start..end-1}; upright
   * where there is none or the structure is damaged, since cameras and programs write many a broken
   * one beside sound pixels.
   */
  static Orientation orientation(byte[] file, int start, int end) {
    boolean little = ImageHeader.startsWith(file, start, "II*\0");
    if (end - start < 8 || !(little || ImageHeader.startsWith(file, start, "MM\0*"))) {
      return Orientation.UPRIGHT;
    }
    long directory = start + number(file, start + 4, 4, little);
    if (directory > end - 2) {
      return Orientation.UPRIGHT;
    }
    int at = (int) directory;
    long entries = number(file, at, 2, little);
    at += 2;
    for (long i = 0; i < entries && at <= end - ENTRY_BYTES; i++, at += ENTRY_BYTES) {
      if (number(file, at, 2, little) == TAG_ORIENTATION
          && number(file, at + 2, 2, little) == TYPE_SHORT) {
        return Orientation.ofExif((int) number(file, at + 8, 2, little));
      }
    }
    return Orientation.UPRIGHT;
  }

  private static long number(byte[] file, int at, int bytes, boolean little) {
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value = value << 8 | Byte.toUnsignedInt(file[little ? at + bytes - 1 - i : at + i]);
    }
    return value;
  }
}
