// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.data.DataException;
import tools.jackson.databind.JsonNode;

/** What every decoder must do; the expected values are Pillow's. */
class ImageDecoderTest {

  /** New ones for each test, which JUnit closes after it. */
  static Stream<ImageDecoder> decoders() {
    return Photos.decoders().stream();
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void resizesAsPillow(ImageDecoder decoder) {
    Map<String, byte[]> files = Photos.files(Photos.ORACLE);
    JsonNode items = Photos.json(files.get("resize_oracle.json")).get("items");
    assertEquals(6, items.size());
    for (JsonNode item : items) {
      int k = item.get("k").asInt();
      byte[] source = files.get("src_" + k + ".png");
      ImageHeader header = ImageHeader.read(source);
      Framing centre = Framing.centre(header.width(), header.height(), 256, 224);
      assertEquals(item.get("resized").get(0).asInt(), centre.resizedWidth());
      assertEquals(item.get("resized").get(1).asInt(), centre.resizedHeight());
      JsonNode box = item.get("crop_box_left_top_width_height");
      Box crop =
          new Box(box.get(0).asInt(), box.get(1).asInt(), box.get(2).asInt(), box.get(3).asInt());
      assertArrayEquals(
          Photos.rgb(files.get("val224_" + k + ".png")),
          Photos.decode(decoder, source, centre),
          "val224_" + k);
      assertArrayEquals(
          Photos.rgb(files.get("crop224_" + k + ".png")),
          Photos.decode(decoder, source, Framing.resizedCrop(crop, 224, 224, false)),
          "crop224_" + k);
    }
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void everyOddFileEndsAsExpected(ImageDecoder decoder) {
    Map<String, byte[]> files = Photos.files(Photos.ODD);
    int decoded = 0;
    int refused = 0;
    for (JsonNode expected : Photos.json(files.get("expected.json")).get("files")) {
      String name = expected.get("file").asString();
      byte[] file = files.get(name);
      boolean otherFormat = Set.of("gif_in_disguise.jpg", "bmp_in_disguise.jpg").contains(name);
      if (expected.has("strict_decoder") || otherFormat) {
        String message =
            assertThrows(DataException.class, () -> Photos.whole(decoder, file), name).getMessage();
        assertEquals(1, message.lines().count(), message);
        refused++;
      } else {
        assertLooksAs(expected, name, Photos.whole(decoder, file));
        decoded++;
      }
    }
    assertEquals(32, decoded);
    assertEquals(8, refused);
  }

  /** Two levels are allowed between decoders; where a scan is corrupt they guess differently. */
  private static void assertLooksAs(JsonNode expected, String name, byte[] pixels) {
    int width = expected.get("upright_width").asInt();
    assertEquals(3 * width * expected.get("upright_height").asInt(), pixels.length, name);
    boolean corrupt = name.startsWith("corrupt");
    double[] mean = new double[3];
    for (int i = 0; i < pixels.length; i++) {
      mean[i % 3] += (pixels[i] & 0xFF) * 3.0 / pixels.length;
    }
    for (int c = 0; c < 3; c++) {
      double wanted = expected.get("upright_mean_rgb").get(c).asDouble();
      assertEquals(wanted, mean[c], corrupt ? 3 : 0.1, name + " mean of channel " + c);
    }
    expected
        .get("samples")
        .properties()
        .forEach(
            sample -> {
              String[] place = sample.getKey().split(",", -1);
              int at = 3 * (Integer.parseInt(place[1]) * width + Integer.parseInt(place[0]));
              for (int c = 0; c < 3; c++) {
                assertEquals(
                    sample.getValue().get(c).asInt(),
                    pixels[at + c] & 0xFF,
                    corrupt ? 255 : 2,
                    name + " at " + sample.getKey());
              }
            });
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void turnsEveryOrientationUprightBeforeCropping(ImageDecoder decoder) {
    Map<String, byte[]> files = Photos.files(Photos.ODD);
    Framing framing = Framing.resizedCrop(new Box(40, 10, 130, 90), 64, 48, true);
    byte[] upright = Photos.decode(decoder, files.get("exif_orientation_1.jpg"), framing);
    for (int i = 2; i <= 8; i++) {
      byte[] turned = Photos.decode(decoder, files.get("exif_orientation_" + i + ".jpg"), framing);
      // Each was encoded in its own direction, so its losses are other ones.
      assertTrue(
          meanDifference(upright, turned) < 1.5,
          "orientation " + i + ": " + meanDifference(upright, turned));
    }
  }

  private static double meanDifference(byte[] a, byte[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.abs((a[i] & 0xFF) - (b[i] & 0xFF));
    }
    return sum / a.length;
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void aCropIsWhatTheWholeImageHasThere(ImageDecoder decoder) {
    Map<String, byte[]> files = Photos.files(Photos.ODD);
    long seed = 7;
    Random random = new Random(seed);
    for (String name :
        new String[] {
          "baseline_420.jpg",
          "baseline_422.jpg",
          "baseline_444.jpg",
          "progressive.jpg",
          "gray.jpg",
          "cmyk_adobe.jpg",
          "restart_markers.jpg",
          "exif_orientation_3.jpg",
          "exif_orientation_5.jpg",
          "exif_orientation_6.jpg",
          "exif_orientation_8.jpg",
          "thin_tall.jpg",
          "size_17x13.jpg",
          "png_palette.png",
        }) {
      byte[] file = files.get(name);
      ImageHeader header = ImageHeader.read(file);
      byte[] whole = Photos.whole(decoder, file);
      for (int i = 0; i < 12; i++) {
        int width = 1 + random.nextInt(header.width());
        int height = 1 + random.nextInt(header.height());
        Box crop =
            new Box(
                random.nextInt(header.width() - width + 1),
                random.nextInt(header.height() - height + 1),
                width,
                height);
        boolean flipped = random.nextBoolean();
        assertArrayEquals(
            cut(whole, header.width(), crop, flipped),
            Photos.decode(decoder, file, Framing.resizedCrop(crop, width, height, flipped)),
            name + " " + crop + ", crop " + i + " of seed " + seed);
      }
    }
  }

  private static byte[] cut(byte[] image, int imageWidth, Box box, boolean flipped) {
    byte[] pixels = new byte[3 * box.width() * box.height()];
    for (int y = 0; y < box.height(); y++) {
      for (int x = 0; x < box.width(); x++) {
        int from = 3 * ((box.top() + y) * imageWidth + box.left() + x);
        int to = 3 * (y * box.width() + (flipped ? box.width() - 1 - x : x));
        System.arraycopy(image, from, pixels, to, 3);
      }
    }
    return pixels;
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void aWindowIsWhatTheWholeResizedCropHasThere(ImageDecoder decoder) {
    byte[] file = Photos.file(Photos.ODD, "baseline_420.jpg");
    Box crop = new Box(11, 7, 160, 121);
    byte[] whole = Photos.decode(decoder, file, Framing.resizedCrop(crop, 70, 90, false));
    Box window = new Box(13, 25, 40, 30);
    for (boolean flipped : new boolean[] {false, true}) {
      assertArrayEquals(
          cut(whole, 70, window, flipped),
          Photos.decode(decoder, file, new Framing(crop, 70, 90, window, flipped)));
    }
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void everyTruncationIsRefusedWhicheverPartIsAskedFor(ImageDecoder decoder) {
    Map<String, byte[]> files = Photos.files(Photos.ODD);
    Framing corner = Framing.resizedCrop(new Box(0, 0, 8, 8), 8, 8, false);
    for (String name :
        new String[] {"baseline_420.jpg", "progressive.jpg", "cmyk_adobe.jpg", "png_alpha.png"}) {
      byte[] file = files.get(name);
      for (int length = 0; length < file.length; length += 97) {
        byte[] cut = Arrays.copyOf(file, length);
        String place = name + " cut to " + length;
        assertThrows(DataException.class, () -> Photos.whole(decoder, cut), place);
        assertThrows(DataException.class, () -> Photos.decode(decoder, cut, corner), place);
      }
    }
  }

  /** Bytes changed at random: decoded or refused, and the decoder goes on as if nothing were. */
  @ParameterizedTest
  @MethodSource("decoders")
  void damageNeverHarmsTheNextImage(ImageDecoder decoder) {
    Map<String, byte[]> files = Photos.files(Photos.ODD);
    byte[] sound = files.get("baseline_420.jpg");
    byte[] before = Photos.whole(decoder, sound);
    long seed = 11;
    Random random = new Random(seed);
    int refused = 0;
    for (String name :
        new String[] {"baseline_422.jpg", "progressive.jpg", "gray.jpg", "restart_markers.jpg"}) {
      for (int i = 0; i < 40; i++) {
        byte[] damaged = files.get(name).clone();
        for (int change = 0; change <= i % 7; change++) {
          damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
        }
        try {
          ImageHeader header = ImageHeader.read(damaged);
          if ((long) header.width() * header.height() < 1 << 20) {
            Photos.whole(decoder, damaged);
          }
        } catch (DataException e) {
          assertEquals(1, e.getMessage().lines().count(), e.getMessage());
          refused++;
        }
      }
    }
    assertTrue(refused > 0, "no damage of seed " + seed + " was refused");
    assertArrayEquals(before, Photos.whole(decoder, sound));
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void complainsOfDamageThatItDecodes(ImageDecoder decoder) {
    byte[] file = Photos.file(Photos.ODD, "baseline_444.jpg");
    ImageHeader header = ImageHeader.read(file);
    Framing whole = Photos.wholeOf(header);
    byte[] pixels = new byte[whole.bytes()];
    assertTrue(decoder.decode(file, header, whole, pixels).isEmpty());
    // An end-of-image marker in the middle of the pixels.
    file[file.length / 2] = (byte) 0xFF;
    file[file.length / 2 + 1] = (byte) 0xD9;
    String complaint = decoder.decode(file, header, whole, pixels).orElse("");
    assertTrue(complaint.contains("Corrupt"), complaint);
    byte[] sound = Photos.file(Photos.ODD, "gray.jpg");
    assertTrue(decoder.decode(sound, ImageHeader.read(sound), whole, pixels).isEmpty());
  }

  /** Headers can say 65535, libjpeg stops at 65500. */
  @ParameterizedTest
  @MethodSource("decoders")
  void refusesSidesTooLongForTheLibrary(ImageDecoder decoder) {
    byte[] file = Photos.file(Photos.ODD, "thin_wide.jpg");
    int frame = new String(file, StandardCharsets.ISO_8859_1).indexOf("\u00ff\u00c0");
    file[frame + 7] = (byte) 0xFF;
    file[frame + 8] = (byte) 0xFF;
    ImageHeader header = ImageHeader.read(file);
    assertEquals(65_535, header.width());
    Framing part = Framing.resizedCrop(new Box(0, 0, 3, 3), 3, 3, false);
    assertThrows(DataException.class, () -> Photos.decode(decoder, file, part));
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void refusesAFileOfTooManyScans(ImageDecoder decoder) {
    byte[] file = Photos.file(Photos.ODD, "progressive.jpg");
    ImageHeader header = ImageHeader.read(file);
    byte[] scan = {(byte) 0xFF, (byte) 0xDA, 0, 8, 1, 1, 0, 0, 0, 0};
    byte[] many = Arrays.copyOf(file, file.length - 2 + 300 * scan.length + 2);
    for (int at = file.length - 2; at < many.length - 2; at += scan.length) {
      System.arraycopy(scan, 0, many, at, scan.length);
    }
    many[many.length - 2] = (byte) 0xFF;
    many[many.length - 1] = (byte) 0xD9;
    assertEquals(header, ImageHeader.read(many));
    String message =
        assertThrows(DataException.class, () -> Photos.whole(decoder, many)).getMessage();
    assertTrue(message.contains("scans, more than the 200"), message);
  }

  /** The inks of the Adobe file are those of an RGB picture, with no black. */
  @ParameterizedTest
  @MethodSource("decoders")
  void convertsInksWithAndWithoutMarker(ImageDecoder decoder) {
    byte[] file = Photos.file(Photos.ODD, "cmyk_adobe.jpg");
    byte[] pixels = Photos.whole(decoder, file);
    int adobe = new String(file, StandardCharsets.ISO_8859_1).indexOf("Adobe");
    byte[] unmarked = file.clone();
    unmarked[adobe] = 'X';
    assertArrayEquals(pixels, Photos.whole(decoder, unmarked));
  }

  /** ImageIO writes grey and alpha of 16 bits. */
  @ParameterizedTest
  @MethodSource("decoders")
  void convertsEveryKindOfPng(ImageDecoder decoder) throws IOException {
    BufferedImage grey = new BufferedImage(3, 2, BufferedImage.TYPE_USHORT_GRAY);
    WritableRaster raster = grey.getRaster();
    raster.setSample(0, 0, 0, 0x12FF);
    raster.setSample(2, 1, 0, 0xFFFF);
    byte[] expected = new byte[18];
    Arrays.fill(expected, 0, 3, (byte) 0x12);
    Arrays.fill(expected, 15, 18, (byte) 0xFF);
    assertArrayEquals(expected, Photos.whole(decoder, png(grey)));

    BufferedImage bits = new BufferedImage(9, 1, BufferedImage.TYPE_BYTE_BINARY);
    bits.getRaster().setSample(8, 0, 0, 1);
    byte[] black = new byte[27];
    Arrays.fill(black, 24, 27, (byte) 0xFF);
    assertArrayEquals(black, Photos.whole(decoder, png(bits)));

    BufferedImage alpha = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
    alpha.setRGB(0, 0, 0x01_30_20_10);
    assertArrayEquals(
        new byte[] {0x30, 0x20, 0x10}, Photos.whole(decoder, png(alpha)), "alpha is left out");
  }

  private static byte[] png(BufferedImage image) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(image, "png", out);
    return out.toByteArray();
  }

  @ParameterizedTest
  @MethodSource("decoders")
  void refusesWhatDoesNotFit(ImageDecoder decoder) {
    byte[] file = Photos.file(Photos.ODD, "baseline_420.jpg");
    ImageHeader header = ImageHeader.read(file);
    Framing outside = Framing.resizedCrop(new Box(100, 0, 100, 10), 10, 10, false);
    assertThrows(
        IllegalArgumentException.class, () -> decoder.decode(file, header, outside, new byte[300]));
    Framing inside = Framing.resizedCrop(new Box(99, 0, 100, 10), 10, 10, false);
    assertThrows(
        IllegalArgumentException.class, () -> decoder.decode(file, header, inside, new byte[299]));
    assertTrue(decoder.decode(file, header, inside, new byte[300]).isEmpty());
  }

  @Test
  void theMiddleIsSplitAsTorchvisionSplitsIt() {
    assertEquals(new Box(58, 16, 224, 224), Framing.centre(500, 375, 256, 224).window());
    assertEquals(new Box(16, 82, 224, 224), Framing.centre(198, 300, 256, 224).window());
    assertThrows(IllegalArgumentException.class, () -> Framing.centre(10, 10, 200, 224));
  }
}
