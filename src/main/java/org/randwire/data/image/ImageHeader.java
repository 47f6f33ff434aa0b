// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.randwire.data.DataException;

/**
 * What the first bytes of a JPEG or PNG file say about its image; no pixel is decoded.
 *
 * @param format of the content, whatever the file's name says
 * @param storedWidth width of the stored pixels, before the orientation is applied
 * @param storedHeight likewise
 * @param colours what a stored pixel consists of
 * @param orientation from EXIF; upright without
 * @param severalScans whether a JPEG's pixels may come in more than one pass over the image
 *     (progressive, or a scan per component)
 * @param dataStart position of the first marker or chunk with pixels
 */
public record ImageHeader(
    Format format,
    int storedWidth,
    int storedHeight,
    Colours colours,
    Orientation orientation,
    boolean severalScans,
    int dataStart) {

  /** The most pixels of an image, 2^26 or 8192 x 8192; a larger one is refused before decoding. */
  public static final int MAX_PIXELS = 1 << 26;

  /** The formats that are decoded. */
  public enum Format {
    JPEG,
    PNG
  }

  /** The components of a stored pixel; all become RGB, alpha is left out. */
  public enum Colours {
    GREY(1),
    GREY_ALPHA(2),
    PALETTE(1),
    RGB(3),
    RGB_ALPHA(4),
    /** JPEG's usual one: luminance and two differences. */
    YCBCR(3),
    /** Stored inverted, as Adobe's programs do and every reader assumes. */
    CMYK(4),
    /** CMYK with its first three components as luminance and differences. */
    YCCK(4);

    private final int components;

    Colours(int components) {
      this.components = components;
    }

    /** Values per stored pixel. */
    public int components() {
      return components;
    }
  }

  /**
   * Reads the header of a file. A pure function of the bytes, and quick for any: it steps over
   * segments and reads nothing behind {@link #dataStart}.
   *
   * @param file the file from its first byte on, at least up to its pixels
   * @throws DataException if it is no JPEG or PNG, of a kind that is not decoded, damaged before
   *     its pixels, or has more than {@value #MAX_PIXELS} pixels; the message says which and does
   *     not name the file
   */
  public static ImageHeader read(byte[] file) {
    if (file.length == 0) {
      throw new DataException("the file is empty");
    }
    if (startsWith(file, 0, "\u00ff\u00d8\u00ff")) {
      return new JpegHeaderReader(file).read();
    }
    if (startsWith(file, 0, PngHeaderReader.SIGNATURE)) {
      return new PngHeaderReader(file).read();
    }
    throw new DataException(notDecoded(file));
  }

  /** Width of the upright image. */
  public int width() {
    return orientation.transposes() ? storedHeight : storedWidth;
  }

  /** Height of the upright image. */
  public int height() {
    return orientation.transposes() ? storedWidth : storedHeight;
  }

  /** Checks the size that a header states. */
  static void requireSize(long width, long height) {
    if (width < 1 || height < 1) {
      throw new DataException("the header says %d x %d pixels".formatted(width, height));
    }
    if (width > MAX_PIXELS / height) { // the product of two words of 32 bits can exceed a long
      throw new DataException(
          "%d x %d pixels are more than the %d allowed".formatted(width, height, MAX_PIXELS));
    }
  }

  /** Whether the bytes from {@code at} on are these, one a character. */
  static boolean startsWith(byte[] file, int at, String bytes) {
    if (bytes.length() > file.length - at) {
      return false;
    }
    for (int i = 0; i < bytes.length(); i++) {
      if (Byte.toUnsignedInt(file[at + i]) != bytes.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static String notDecoded(byte[] file) {
    String other = null;
    if (startsWith(file, 0, "GIF8")) {
      other = "a GIF";
    } else if (startsWith(file, 0, "BM")) {
      other = "a BMP";
    } else if (startsWith(file, 0, "RIFF") && startsWith(file, 8, "WEBP")) {
      other = "a WebP";
    } else if (startsWith(file, 0, "II*\0") || startsWith(file, 0, "MM\0*")) {
      other = "a TIFF";
    } else if (startsWith(file, 0, "<")) {
      other = "text (" + firstCharacters(file) + ")";
    }
    if (other != null) {
      return "the file is " + other + "; only JPEG and PNG are decoded";
    }
    StringBuilder start = new StringBuilder();
    for (int i = 0; i < Math.min(4, file.length); i++) {
      start.append(String.format(Locale.ROOT, i == 0 ? "%02x" : " %02x", file[i]));
    }
    return "neither a JPEG nor a PNG file: it starts with " + start;
  }

  private static String firstCharacters(byte[] file) {
    String text = new String(file, 0, Math.min(16, file.length), StandardCharsets.ISO_8859_1);
    return text.replaceAll("[^ -~].*", "");
  }
}
