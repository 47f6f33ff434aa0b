// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import org.jspecify.annotations.Nullable;
import org.randwire.data.DataException;
import org.randwire.data.image.ImageHeader.Colours;
import org.randwire.data.image.ImageHeader.Format;

/** Reads the segments of a JPEG file up to its first scan (ITU-T T.81, annex B). */
final class JpegHeaderReader {
  private static final int RESTART_0 = 0xD0;
  private static final int START_OF_IMAGE = 0xD8;
  private static final int END_OF_IMAGE = 0xD9;
  private static final int START_OF_SCAN = 0xDA;
  private static final int PROGRESSIVE = 0xC2;
  private static final int APP_0 = 0xE0;
  private static final int APP_1 = 0xE1;
  private static final int APP_14 = 0xEE;

  private final byte[] file;
  private final HeaderBytes bytes;

  private int frame = -1;
  private int frameMarker;
  private boolean jfif;
  private int adobeTransform = -1;
  private @Nullable Orientation orientation;

  JpegHeaderReader(byte[] file) {
    this.file = file;
    bytes = new HeaderBytes(file, file.length);
  }

  ImageHeader read() {
    int at = 2;
    while (true) {
      // Like libjpeg, step over bytes that belong to no segment, and over fill bytes.
      while (bytes.u8(at) != 0xFF) {
        at++;
      }
      while (bytes.u8(at) == 0xFF) {
        at++;
      }
      int marker = bytes.u8(at);
      at++;
      if (marker == START_OF_SCAN) {
        return header(at);
      }
      if (marker == END_OF_IMAGE || marker == START_OF_IMAGE) {
        throw new DataException("the JPEG ends before any pixels, at byte " + (at - 2));
      }
      boolean hasLength = marker > 1 && (marker < RESTART_0 || marker > END_OF_IMAGE);
      if (hasLength) {
        int length = bytes.u16(at);
        if (length < 2) {
          throw new DataException(
              "damaged JPEG: a segment of length %d at byte %d".formatted(length, at - 2));
        }
        bytes.require(at, length);
        segment(marker, at + 2, at + length);
        at += length;
      }
    }
  }

  private void segment(int marker, int start, int end) {
    if (marker == APP_0) {
      jfif |= end - start >= 14 && bytes.matches(start, "JFIF\0");
    } else if (marker == APP_14) {
      if (end - start >= 12 && bytes.matches(start, "Adobe")) {
        adobeTransform = bytes.u8(start + 11);
      }
    } else if (marker == APP_1) {
      if (orientation == null && end - start >= 6 && bytes.matches(start, "Exif\0\0")) {
        orientation = Exif.orientation(file, start + 6, end);
      }
    } else if (isFrame(marker)) {
      frame(marker, start, end);
    }
  }

  /** Whether the marker starts a frame; C4, C8 and CC are others in the same range. */
  private static boolean isFrame(int marker) {
    return marker == 0xC0 || (marker > 0xC0 && marker <= 0xCF && marker % 4 != 0);
  }

  private void frame(int marker, int start, int end) {
    if (frame >= 0) {
      throw new DataException("damaged JPEG: it has a second frame header");
    }
    if (marker > PROGRESSIVE) {
      throw new DataException(
          "a JPEG of a kind that is not decoded: "
              + (marker > 0xC8
                  ? "arithmetic-coded"
                  : marker == 0xC3 ? "lossless" : "hierarchical"));
    }
    if (end - start < 6 || end - start != 6 + 3 * bytes.u8(start + 5)) {
      throw new DataException("damaged JPEG: its frame header has a wrong length");
    }
    if (bytes.u8(start) != 8) {
      throw new DataException(
          "a JPEG of a kind that is not decoded: %d bits per sample".formatted(bytes.u8(start)));
    }
    ImageHeader.requireSize(bytes.u16(start + 3), bytes.u16(start + 1));
    frame = start;
    frameMarker = marker;
  }

  private ImageHeader header(int scan) {
    if (frame < 0) {
      throw new DataException("damaged JPEG: pixels before a frame header");
    }
    int components = bytes.u8(frame + 5);
    boolean progressive = frameMarker == PROGRESSIVE;
    return new ImageHeader(
        Format.JPEG,
        bytes.u16(frame + 3),
        bytes.u16(frame + 1),
        colours(components),
        orientation == null ? Orientation.UPRIGHT : orientation,
        progressive || bytes.u8(scan + 2) < components,
        scan - 2);
  }

  /** The colours of the stored components, guessed from the markers as libjpeg does. */
  private Colours colours(int components) {
    boolean adobe = adobeTransform >= 0;
    switch (components) {
      case 1:
        return Colours.GREY;
      case 3:
        int ids = (component(0) << 8 | component(1)) << 8 | component(2);
        boolean rgb = !jfif && (adobe ? adobeTransform == 0 : ids == ('R' << 16 | 'G' << 8 | 'B'));
        return rgb ? Colours.RGB : Colours.YCBCR;
      case 4:
        return adobe && adobeTransform != 0 ? Colours.YCCK : Colours.CMYK;
      default:
        throw new DataException(
            "a JPEG of a kind that is not decoded: %d components".formatted(components));
    }
  }

  private int component(int index) {
    return bytes.u8(frame + 6 + 3 * index);
  }
}
