// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import org.randwire.data.DataException;

/**
 * What is asked of a JPEG's scans before any decoder sees them, so that a file is refused by every
 * decoder and for every crop or by none.
 */
final class JpegFile {
  /**
   * The most scans: encoders write about ten, and a small file with thousands of empty ones over a
   * large image keeps a decoder busy for minutes.
   */
  static final int MAX_SCANS = 200;

  private static final int START_OF_SCAN = 0xDA;
  private static final int END_OF_IMAGE = 0xD9;

  private JpegFile() {}

  /**
   * Checks that the file has an end-of-image marker behind its first scan, which no entropy-coded
   * byte can look like, and not too many scans.
   */
  static void requireWhole(byte[] file, ImageHeader header) {
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
}
