// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import java.util.Optional;
import org.randwire.backend.cpu.binding.NativeImages;
import org.randwire.backend.cpu.binding.NativeImages.Part;
import org.randwire.backend.cpu.binding.NativeImages.Taps;
import org.randwire.data.DataException;
import org.randwire.data.image.ImageHeader.Colours;
import org.randwire.data.image.ImageHeader.Format;

/**
 * Decodes JPEG files by libjpeg-turbo and resizes natively, row by row while it decodes; pixels
 * beside and below the region asked for are not computed. PNG files go through the JDK.
 */
public final class TurboImageDecoder implements ImageDecoder {
  private final NativeImages images = new NativeImages();
  private final JdkImageDecoder png = new JdkImageDecoder();

  /**
   * Opens a decoder.
   *
   * @throws IllegalStateException where {@link #absence} says why
   */
  public TurboImageDecoder() {}

  /** Why this machine has no such decoder, in one line, or nothing where it has. */
  public static Optional<String> absence() {
    return NativeImages.unavailableReason();
  }

  @Override
  public String description() {
    return "libjpeg-turbo, " + images.library();
  }

  @Override
  public Optional<String> decode(byte[] file, ImageHeader header, Framing framing, byte[] into) {
    Plan plan = Plan.of(header, framing, into);
    Taps across = taps(plan.across());
    Taps down = taps(plan.down());
    if (header.format() == Format.PNG) {
      byte[] source = png.pixels(file, header, plan.region());
      images.resize(source, across, down, framing.flipped(), into);
      return png.complaint();
    }
    WholeFile.require(file, header);
    Box region = plan.region();
    Orientation orientation = header.orientation();
    Part part =
        new Part(
            header.storedWidth(),
            header.storedHeight(),
            colours(header.colours()),
            region.left(),
            region.top(),
            region.width(),
            region.height(),
            orientation.transposes(),
            orientation.reversesColumns(),
            orientation.reversesRows());
    boolean decoded = images.decode(file, part, across, down, framing.flipped(), into);
    Optional<String> message = images.message();
    if (!decoded) {
      throw new DataException(
          "libjpeg-turbo cannot decode the JPEG: " + message.orElse("no reason"));
    }
    return message;
  }

  private static Taps taps(FilterTaps taps) {
    return new Taps(taps.firsts(), taps.counts(), taps.weights(), taps.stride(), taps.length());
  }

  private static int colours(Colours colours) {
    return switch (colours) {
      case GREY -> NativeImages.GREY;
      case RGB -> NativeImages.RGB;
      case YCBCR -> NativeImages.YCBCR;
      case CMYK -> NativeImages.CMYK;
      case YCCK -> NativeImages.YCCK;
      default -> throw new IllegalArgumentException("no colours of a JPEG: " + colours);
    };
  }

  @Override
  public void close() {
    images.close();
    png.close();
  }
}
