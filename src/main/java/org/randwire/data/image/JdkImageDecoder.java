// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.Iterator;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import org.jspecify.annotations.Nullable;
import org.randwire.data.DataException;
import org.randwire.data.image.ImageHeader.Format;

/**
 * Decodes by ImageIO of the JDK, which is everywhere. Its JPEG reader gives the stored components,
 * upsampled as libjpeg does; their conversion is ours, since ImageIO takes grey for linear and CMYK
 * for something else. An image is decoded from its top to the last row that is needed.
 */
public final class JdkImageDecoder implements ImageDecoder {
  private final ImageReader jpeg = reader("jpeg");
  private final ImageReader png = reader("png");
  private final BilinearResize resize = new BilinearResize();
  private byte[] stored = new byte[0];
  private byte[] upright = new byte[0];
  private @Nullable String complaint;

  public JdkImageDecoder() {
    jpeg.addIIOReadWarningListener((reader, warning) -> complain(warning));
  }

  /** The JDK's own reader; others on the class path decode in their own ways. */
  private static ImageReader reader(String format) {
    for (Iterator<ImageReader> all = ImageIO.getImageReadersByFormatName(format); all.hasNext(); ) {
      ImageReader one = all.next();
      if (one.getClass().getName().startsWith("com.sun.imageio.")) {
        return one;
      }
    }
    throw new IllegalStateException("this JDK has no reader of its own for " + format);
  }

  private void complain(String warning) {
    complaint = complaint == null ? warning : complaint;
  }

  @Override
  public String description() {
    return "ImageIO of Java " + Runtime.version().feature();
  }

  @Override
  public Optional<String> decode(byte[] file, ImageHeader header, Framing framing, byte[] into) {
    Plan plan = Plan.of(header, framing, into);
    byte[] source = pixels(file, header, plan.region());
    resize.apply(source, plan.across(), plan.down(), framing.flipped(), into);
    return Optional.ofNullable(complaint);
  }

  /**
   * The pixels of a region of the stored image, turned upright: RGB, rows without gaps. The array
   * is overwritten by the next call.
   */
  byte[] pixels(byte[] file, ImageHeader header, Box region) {
    complaint = null;
    int bytes = 3 * region.width() * region.height();
    stored = atLeast(stored, bytes);
    WholeFile.require(file, header);
    ImageReader reader = header.format() == Format.JPEG ? jpeg : png;
    try {
      reader.setInput(new ByteImageInput(file), true, true);
      ImageReadParam part = reader.getDefaultReadParam();
      part.setSourceRegion(
          new Rectangle(region.left(), region.top(), region.width(), region.height()));
      if (header.format() == Format.JPEG) {
        readJpeg(header, region, part);
      } else {
        readPng(region, part);
      }
    } catch (IOException | RuntimeException e) {
      // ImageIO meets damage with many kinds of exceptions, of indices and arguments too.
      throw new DataException(
          "%s cannot decode the %s: %s".formatted(description(), header.format(), reason(e)), e);
    } finally {
      reader.setInput(null); // reset() would take the listener away too
    }
    if (header.orientation() == Orientation.UPRIGHT) {
      return stored;
    }
    upright = atLeast(upright, bytes);
    header.orientation().apply(stored, region.width(), region.height(), upright);
    return upright;
  }

  /** What was wrong with the image last decoded but did not keep it from being decoded. */
  Optional<String> complaint() {
    return Optional.ofNullable(complaint);
  }

  private void readJpeg(ImageHeader header, Box region, ImageReadParam part) throws IOException {
    Raster raster = jpeg.readRaster(0, part);
    requireRegion(raster, region);
    int components = header.colours().components();
    if (raster.getNumBands() != components
        || !(raster.getSampleModel() instanceof PixelInterleavedSampleModel layout)
        || !(raster.getDataBuffer() instanceof DataBufferByte data)
        || layout.getPixelStride() != components) {
      throw new DataException(
          "%d components where %d were announced".formatted(raster.getNumBands(), components));
    }
    int from =
        data.getOffset()
            - raster.getSampleModelTranslateX() * components
            - raster.getSampleModelTranslateY() * layout.getScanlineStride();
    for (int y = 0; y < region.height(); y++) {
      JpegColours.toRgb(
          header.colours(),
          data.getData(),
          from + y * layout.getScanlineStride(),
          region.width(),
          stored,
          3 * y * region.width());
    }
  }

  private void readPng(Box region, ImageReadParam part) throws IOException {
    BufferedImage image = png.read(0, part);
    Raster raster = image.getRaster();
    requireRegion(raster, region);
    ColorModel colours = image.getColorModel();
    int bands = raster.getNumBands();
    int shift = raster.getTransferType() == DataBuffer.TYPE_USHORT ? 8 : 0;
    int[] row = new int[bands * region.width()];
    for (int y = 0; y < region.height(); y++) {
      raster.getPixels(0, y, region.width(), 1, row);
      int to = 3 * y * region.width();
      for (int x = 0; x < region.width(); x++, to += 3) {
        for (int c = 0; c < 3; c++) {
          stored[to + c] = (byte) (row[x * bands + (bands < 3 ? 0 : c)] >> shift);
        }
        if (colours instanceof IndexColorModel palette) {
          int colour = palette.getRGB(row[x]);
          stored[to] = (byte) (colour >> 16);
          stored[to + 1] = (byte) (colour >> 8);
          stored[to + 2] = (byte) colour;
        }
      }
    }
  }

  private static void requireRegion(Raster raster, Box region) {
    if (raster.getWidth() != region.width() || raster.getHeight() != region.height()) {
      throw new DataException(
          "%d x %d pixels where %d x %d were announced"
              .formatted(raster.getWidth(), raster.getHeight(), region.width(), region.height()));
    }
  }

  private static String reason(Exception e) {
    String message = e.getMessage();
    return message == null
        ? e.getClass().getSimpleName()
        : message.lines().findFirst().orElse(message);
  }

  private static byte[] atLeast(byte[] array, int length) {
    return array.length < length ? new byte[length] : array;
  }

  @Override
  public void close() {
    jpeg.dispose();
    png.dispose();
  }
}
