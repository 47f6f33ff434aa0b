// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import org.randwire.data.DataException;
import org.randwire.data.image.ImageHeader.Format;

/**
 * What is asked of a file behind its header before any decoder sees it, so that it is refused by
 * every decoder and for every crop or by none.
 */
final class WholeFile {
  /**
   * The most scans of a JPEG: encoders write about ten, and a small file with thousands of empty
   * ones over a large image keeps a decoder busy for minutes.
   */
  static final int MAX_SCANS = 200;

  private static final int START_OF_SCAN = 0xDA;
  private static final int END_OF_IMAGE = 0xD9;

  private WholeFile() {}

  /** Checks that the file is not cut short and a JPEG has not too many scans. */
  static void require(byte[] file, ImageHeader header) {
    if (header.format() == Format.JPEG) {
      requireJpeg(file, header);
    } else {
      requirePng(file, header.dataStart());
    }
  }

  /**
   * No entropy-coded byte looks like the end-of-image marker; a preview before the scan has one.
   */
  private static void requireJpeg(byte[] file, ImageHeader header) {
    int end = file.length - 2;
    while (end >= header.dataStart() && !isMarker(file, end, END_OF_IMAGE)) {
      end--;
    }
    if (end < header.dataStart()) {
      throw new DataException(
          "the file is cut short: no end-of-image marker in %d bytes".formatted(file.length));
    }
    if (header.severalScans()) {
      int scans = 0;
      for (int i = header.dataStart(); i < end; i++) {
        scans += isMarker(file, i, START_OF_SCAN) ? 1 : 0;
      }
      if (scans > MAX_SCANS) {
        throw new DataException(
            "the JPEG has %d scans, more than the %d allowed".formatted(scans, MAX_SCANS));
      }
    }
  }

  private static boolean isMarker(byte[] file, int at, int marker) {
    return file[at] == (byte) 0xFF && file[at + 1] == (byte) marker;
  }

  private static void requirePng(byte[] file, int dataStart) {
    HeaderBytes bytes = new HeaderBytes(file, file.length);
    for (long at = dataStart; at <= file.length - PngHeaderReader.CHUNK_OVERHEAD; ) {
      if (bytes.matches((int) at + 4, "IEND")) {
        return;
      }
      at += PngHeaderReader.CHUNK_OVERHEAD + bytes.u32((int) at);
    }
    throw new DataException(
        "the file is cut short: no end chunk in %d bytes".formatted(file.length));
  }
}
