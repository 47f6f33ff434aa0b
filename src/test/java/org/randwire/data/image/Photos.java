// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import javax.imageio.ImageIO;
import org.randwire.data.TestData;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The archives of images that the tests of this package read, and both decoders. */
final class Photos {
  static final String ODD = "photos/odd_images.zip";
  static final String ORACLE = "photos/resize_oracle.zip";
  static final String PHOTOGRAPHS = "photos/caltech101_12x40.zip";

  private Photos() {}

  /** The files of an archive by name, in its order. */
  static Map<String, byte[]> files(String archive) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    try (ZipFile zip = new ZipFile(TestData.require(archive).toFile())) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        if (!entry.isDirectory()) {
          files.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files;
  }

  static byte[] file(String archive, String name) {
    byte[] file = files(archive).get(name);
    assertEquals(true, file != null, archive + " has no " + name);
    return file;
  }

  static JsonNode json(byte[] file) {
    return new ObjectMapper().readTree(file);
  }

  /** The decoders of this machine, each of which must be able to do everything. */
  static List<ImageDecoder> decoders() {
    List<ImageDecoder> decoders = new ArrayList<>(List.of(new JdkImageDecoder()));
    if (TurboImageDecoder.absence().isEmpty()) {
      decoders.add(new TurboImageDecoder());
    }
    return decoders;
  }

  /** The whole upright image in its own size: [height, width, 3]. */
  static byte[] whole(ImageDecoder decoder, byte[] file) {
    ImageHeader header = ImageHeader.read(file);
    return decode(decoder, file, wholeOf(header));
  }

  static Framing wholeOf(ImageHeader header) {
    Box all = Box.whole(header.width(), header.height());
    return Framing.resizedCrop(all, header.width(), header.height(), false);
  }

  static byte[] decode(ImageDecoder decoder, byte[] file, Framing framing) {
    byte[] pixels = new byte[framing.bytes()];
    decoder.decode(file, ImageHeader.read(file), framing, pixels);
    return pixels;
  }

  /** The pixels of an RGB PNG as ImageIO has them: [height, width, 3]. */
  static byte[] rgb(byte[] png) {
    try {
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
      byte[] pixels = new byte[3 * image.getWidth() * image.getHeight()];
      for (int i = 0; i < pixels.length / 3; i++) {
        int colour = image.getRGB(i % image.getWidth(), i / image.getWidth());
        for (int c = 0; c < 3; c++) {
          pixels[3 * i + c] = (byte) (colour >> (16 - 8 * c));
        }
      }
      return pixels;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The largest difference of two images' levels. */
  static int largestDifference(byte[] a, byte[] b) {
    assertEquals(a.length, b.length);
    int largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs((a[i] & 0xFF) - (b[i] & 0xFF)));
    }
    return largest;
  }
}
