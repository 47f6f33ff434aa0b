// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import org.randwire.data.DataException;
import org.randwire.data.image.ImageHeader.Colours;
import org.randwire.data.image.ImageHeader.Format;

/** Reads the chunks of a PNG file up to its first pixels (W3C PNG, third edition). */
final class PngHeaderReader {
  static final String SIGNATURE = "\u0089PNG\r\n\u001a\n";

  /** Length, type and checksum around the data of a chunk. */
  static final int CHUNK_OVERHEAD = 12;

  private final byte[] file;
  private final HeaderBytes bytes;

  PngHeaderReader(byte[] file) {
    this.file = file;
    bytes = new HeaderBytes(file, file.length);
  }

  ImageHeader read() {
    int at = SIGNATURE.length();
    bytes.require(at, CHUNK_OVERHEAD + 13);
    if (!bytes.matches(at + 4, "IHDR") || bytes.u32(at) != 13) {
      throw new DataException("damaged PNG: it does not start with its header chunk");
    }
    long width = bytes.u32(at + 8);
    long height = bytes.u32(at + 12);
    ImageHeader.requireSize(width, height);
    Colours colours = colours(bytes.u8(at + 17));
    Orientation orientation = Orientation.UPRIGHT;
    at += CHUNK_OVERHEAD + 13;
    while (!bytes.matches(at + 4, "IDAT")) {
      long length = bytes.u32(at);
      bytes.require(at, CHUNK_OVERHEAD);
      if (length > file.length - at - CHUNK_OVERHEAD) {
        throw new DataException("the PNG ends before any pixels");
      }
      int start = at + 8;
      int end = start + (int) length;
      if (bytes.matches(at + 4, "IEND")) {
        throw new DataException("the PNG has no pixels");
      }
      if (bytes.matches(at + 4, "eXIf")) {
        orientation = Exif.orientation(file, start, end);
      }
      at = end + 4;
    }
    return new ImageHeader(Format.PNG, (int) width, (int) height, colours, orientation, false, at);
  }

  private static Colours colours(int type) {
    return switch (type) {
      case 0 -> Colours.GREY;
      case 2 -> Colours.RGB;
      case 3 -> Colours.PALETTE;
      case 4 -> Colours.GREY_ALPHA;
      case 6 -> Colours.RGB_ALPHA;
      default -> throw new DataException("damaged PNG: colour type " + type);
    };
  }
}
