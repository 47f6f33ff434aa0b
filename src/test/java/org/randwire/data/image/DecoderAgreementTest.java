// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** Both decoders of JPEG give the same pixels but for two levels. */
class DecoderAgreementTest {
  private ImageDecoder jdk;
  private ImageDecoder turbo;

  @BeforeEach
  void open() {
    assumeTrue(
        TurboImageDecoder.absence().isEmpty(), () -> TurboImageDecoder.absence().orElseThrow());
    jdk = new JdkImageDecoder();
    turbo = new TurboImageDecoder();
  }

  @AfterEach
  void close() {
    if (jdk != null) {
      jdk.close();
      turbo.close();
    }
  }

  private int difference(byte[] file, Framing framing) {
    return Photos.largestDifference(
        Photos.decode(jdk, file, framing), Photos.decode(turbo, file, framing));
  }

  @Test
  void onPhotographsCroppedAndResized() {
    long seed = 3;
    Random random = new Random(seed);
    int photographs = 0;
    for (Map.Entry<String, byte[]> photograph : Photos.files(Photos.PHOTOGRAPHS).entrySet()) {
      if (!photograph.getKey().endsWith(".jpg")) {
        continue;
      }
      ImageHeader header = ImageHeader.read(photograph.getValue());
      int width = 1 + random.nextInt(header.width());
      int height = 1 + random.nextInt(header.height());
      Box crop =
          new Box(
              random.nextInt(header.width() - width + 1),
              random.nextInt(header.height() - height + 1),
              width,
              height);
      Framing framing = Framing.resizedCrop(crop, 64, 64, random.nextBoolean());
      int difference = difference(photograph.getValue(), framing);
      assertTrue(
          difference <= 2,
          "%s, %s, seed %d: %d levels".formatted(photograph.getKey(), framing, seed, difference));
      photographs++;
    }
    assertEquals(480, photographs);
  }

  @Test
  void onEveryOddFileThatBothDecode() {
    for (Map.Entry<String, byte[]> file : Photos.files(Photos.ODD).entrySet()) {
      String name = file.getKey();
      if (name.matches("truncated.*|empty.*|garbage.*|gif.*|bmp.*|.*json|corrupt.*")) {
        continue;
      }
      int difference =
          difference(file.getValue(), Photos.wholeOf(ImageHeader.read(file.getValue())));
      assertTrue(difference <= 2, name + ": " + difference + " levels");
    }
  }

  /** The marker's last byte says that the first three components are luminance and differences. */
  @Test
  void onYcck() {
    byte[] file = Photos.file(Photos.ODD, "cmyk_adobe.jpg").clone();
    file[new String(file, StandardCharsets.ISO_8859_1).indexOf("Adobe") + 11] = 2;
    ImageHeader header = ImageHeader.read(file);
    assertEquals(ImageHeader.Colours.YCCK, header.colours());
    int difference = difference(file, Photos.wholeOf(header));
    assertTrue(difference <= 2, difference + " levels");
  }

  /**
   * Chroma of every resolution but that halved in height alone, which libjpeg-turbo interpolates
   * and the older libjpeg inside most JDKs repeats.
   */
  @Test
  void onEverySubsampling() throws IOException {
    BufferedImage photograph =
        ImageIO.read(new ByteArrayInputStream(Photos.file(Photos.ODD, "png_in_disguise.JPEG")));
    for (int[] factors :
        new int[][] {{0x11, 0x11}, {0x21, 0x11}, {0x22, 0x11}, {0x41, 0x11}, {0x22, 0x12}}) {
      byte[] file = encode(photograph, factors[0], factors[1]);
      int difference = difference(file, Photos.wholeOf(ImageHeader.read(file)));
      assertTrue(
          difference <= 2,
          "factors %x and %x: %d levels".formatted(factors[0], factors[1], difference));
    }
  }

  /** Encodes with the sampling factors of luminance and chroma, horizontal ones in upper digits. */
  private static byte[] encode(BufferedImage image, int luminance, int chroma) throws IOException {
    String format = "javax_imageio_jpeg_image_1.0";
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try (ImageOutputStream stream = ImageIO.createImageOutputStream(out)) {
      writer.setOutput(stream);
      IIOMetadata metadata =
          writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(image), null);
      Node root = metadata.getAsTree(format);
      NodeList components = ((IIOMetadataNode) root).getElementsByTagName("componentSpec");
      assertEquals(3, components.getLength());
      for (int i = 0; i < components.getLength(); i++) {
        IIOMetadataNode component = (IIOMetadataNode) components.item(i);
        int factors = i == 0 ? luminance : chroma;
        component.setAttribute("HsamplingFactor", String.valueOf(factors >> 4));
        component.setAttribute("VsamplingFactor", String.valueOf(factors & 15));
      }
      metadata.setFromTree(format, root);
      writer.write(null, new IIOImage(image, null, metadata), null);
    } finally {
      writer.dispose();
    }
    return out.toByteArray();
  }
}
