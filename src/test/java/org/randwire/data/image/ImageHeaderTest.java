// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.randwire.data.DataException;
import org.randwire.data.image.ImageHeader.Colours;
import org.randwire.data.image.ImageHeader.Format;
import tools.jackson.databind.JsonNode;

class ImageHeaderTest {

  @Test
  void knowsSizeFormatAndColoursOfEveryOddFile() {
    Map<String, byte[]> files = Photos.files(Photos.ODD);
    int read = 0;
    for (JsonNode expected : Photos.json(files.get("expected.json")).get("files")) {
      String name = expected.get("file").asString();
      String format = expected.has("format") ? expected.get("format").asString() : "none";
      if (!format.equals("JPEG") && !format.equals("PNG")) {
        assertThrows(DataException.class, () -> ImageHeader.read(files.get(name)), name);
        continue;
      }
      ImageHeader header = ImageHeader.read(files.get(name));
      assertEquals(Format.valueOf(format), header.format(), name);
      assertEquals(expected.get("stored_width").asInt(), header.storedWidth(), name);
      assertEquals(expected.get("stored_height").asInt(), header.storedHeight(), name);
      if (expected.has("upright_width")) {
        assertEquals(expected.get("upright_width").asInt(), header.width(), name);
        assertEquals(expected.get("upright_height").asInt(), header.height(), name);
      }
      Colours[] possible =
          switch (expected.get("mode").asString()) {
            case "L" -> new Colours[] {Colours.GREY};
            case "RGB" -> new Colours[] {Colours.RGB, Colours.YCBCR};
            case "CMYK" -> new Colours[] {Colours.CMYK};
            case "RGBA" -> new Colours[] {Colours.RGB_ALPHA};
            case "P" -> new Colours[] {Colours.PALETTE};
            default -> throw new AssertionError(expected.get("mode"));
          };
      assertTrue(Arrays.asList(possible).contains(header.colours()), name + header);
      read++;
    }
    assertEquals(35, read);
  }

  @Test
  void readsTheOrientation() {
    Map<String, byte[]> files = Photos.files(Photos.ODD);
    for (int i = 1; i <= 8; i++) {
      byte[] file = files.get("exif_orientation_" + i + ".jpg");
      assertEquals(i, ImageHeader.read(file).orientation().exif());
    }
    assertEquals(Orientation.UPRIGHT, ImageHeader.read(files.get("gray.jpg")).orientation());
  }

  @Test
  void tellsRgbFromLuminance() {
    Map<String, byte[]> files = Photos.files(Photos.ODD);
    assertEquals(Colours.RGB, ImageHeader.read(files.get("rgb_not_ycbcr.jpg")).colours());
    assertEquals(Colours.YCBCR, ImageHeader.read(files.get("baseline_420.jpg")).colours());
  }

  @ParameterizedTest
  @CsvSource({
    "gif_in_disguise.jpg, a GIF",
    "bmp_in_disguise.jpg, a BMP",
    "empty.jpg, empty",
    "garbage.jpg, starts with",
    "truncated_header.jpg, ends inside its header",
  })
  void refusesByName(String name, String reason) {
    byte[] file = Photos.file(Photos.ODD, name);
    String message = assertThrows(DataException.class, () -> ImageHeader.read(file)).getMessage();
    assertTrue(message.contains(reason), message);
  }

  @ParameterizedTest
  @CsvSource({
    "0xC3, 8, 3, lossless",
    "0xC9, 8, 3, arithmetic",
    "0xCB, 8, 3, arithmetic",
    "0xC5, 8, 3, hierarchical",
    "0xC1, 12, 3, 12 bits",
    "0xC0, 8, 2, 2 components",
  })
  void refusesKindsOfJpegByName(int frame, int bits, int components, String reason) {
    byte[] file = jpeg(frame, bits, 100, 100, components);
    String message = assertThrows(DataException.class, () -> ImageHeader.read(file)).getMessage();
    assertTrue(message.contains(reason), message);
  }

  @Test
  void refusesABombFromItsHeaderWithoutMemory() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    byte[] jpegBomb = jpeg(0xC2, 8, 65_535, 65_535, 3);
    byte[] pngBomb = png(Integer.MAX_VALUE, Integer.MAX_VALUE);
    long self = Thread.currentThread().getId();
    long before = threads.getThreadAllocatedBytes(self);
    byte[] overflowing = png(0xF8FFFFFC, 0xFFFFFFFD); // their product as a long is negative
    for (byte[] bomb : new byte[][] {jpegBomb, pngBomb, overflowing}) {
      String message = assertThrows(DataException.class, () -> ImageHeader.read(bomb)).getMessage();
      assertTrue(message.contains("more than the 67108864 allowed"), message);
    }
    long allocated = threads.getThreadAllocatedBytes(self) - before;
    assertTrue(allocated < 1 << 20, "refusing took " + allocated + " bytes");
  }

  @Test
  void takesTheLargestImageAllowed() {
    assertEquals(8192, ImageHeader.read(jpeg(0xC0, 8, 8192, 8192, 3)).width());
    assertThrows(DataException.class, () -> ImageHeader.read(jpeg(0xC0, 8, 8192, 8193, 3)));
    assertThrows(DataException.class, () -> ImageHeader.read(jpeg(0xC0, 8, 8, 0, 3)));
  }

  @Test
  void everyPrefixIsReadOrRefused() {
    Map<String, byte[]> files = Photos.files(Photos.ODD);
    for (String name : new String[] {"exif_orientation_6.jpg", "icc_srgb.jpg", "png_palette.png"}) {
      byte[] file = files.get(name);
      ImageHeader whole = ImageHeader.read(file);
      for (int length = 0; length < Math.min(file.length, whole.dataStart() + 40); length++) {
        byte[] prefix = Arrays.copyOf(file, length);
        if (length < whole.dataStart()) {
          assertThrows(DataException.class, () -> ImageHeader.read(prefix), name + " " + length);
        } else {
          try {
            assertEquals(whole, ImageHeader.read(prefix), name + " " + length);
          } catch (DataException e) {
            // The first scan or chunk itself is cut.
            assertTrue(length < whole.dataStart() + 8, name + " " + length + " " + e.getMessage());
          }
        }
      }
    }
  }

  @Test
  void aBrokenExifDirectoryCountsAsUpright() {
    byte[] file = Photos.file(Photos.ODD, "exif_orientation_6.jpg");
    int tiff = new String(file, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("Exif") + 6;
    byte[] beyond = file.clone();
    Arrays.fill(beyond, tiff + 4, tiff + 8, (byte) 0xFF);
    assertEquals(Orientation.UPRIGHT, ImageHeader.read(beyond).orientation());
    byte[] unknown = file.clone();
    unknown[tiff] = 'X';
    assertEquals(Orientation.UPRIGHT, ImageHeader.read(unknown).orientation());
  }

  /** A JPEG with a frame header and a scan header, and nothing in the scan. */
  private static byte[] jpeg(int frame, int bits, int width, int height, int components) {
    int length = 8 + 3 * components;
    byte[] file = new byte[2 + 2 + length + 2 + 6 + 2 * components];
    file[0] = (byte) 0xFF;
    file[1] = (byte) 0xD8;
    file[2] = (byte) 0xFF;
    file[3] = (byte) frame;
    file[5] = (byte) length;
    file[6] = (byte) bits;
    file[7] = (byte) (height >> 8);
    file[8] = (byte) height;
    file[9] = (byte) (width >> 8);
    file[10] = (byte) width;
    file[11] = (byte) components;
    int scan = 4 + length;
    file[scan] = (byte) 0xFF;
    file[scan + 1] = (byte) 0xDA;
    file[scan + 3] = (byte) (6 + 2 * components);
    file[scan + 4] = (byte) components;
    return file;
  }

  /** The start of a PNG. */
  private static byte[] png(int width, int height) {
    return java.nio.ByteBuffer.allocate(33)
        .put(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'})
        .putInt(13)
        .put(new byte[] {'I', 'H', 'D', 'R'})
        .putInt(width)
        .putInt(height)
        .put(new byte[] {8, 2, 0, 0, 0})
        .array();
  }
}
