// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

import java.util.Optional;
import org.randwire.data.DataException;

/**
 * Decodes JPEG and PNG files into RGB examples. Every implementation gives what Pillow gives: the
 * image turned upright, as RGB (grey repeated, palettes looked up, CMYK converted, alpha left out,
 * 16 bits cut to the upper 8, colour profiles ignored), cropped, resized by the triangle filter
 * widened by the reduction, horizontally and then vertically with 8 bits between, and flipped last.
 * Resizing is exact; decoders of JPEG differ by at most 2 levels.
 *
 * <p>A decoder keeps scratch memory for the largest crop it has seen, at most 3 bytes a pixel, and
 * holds what it needs of the rest of an image while it decodes: at most 6 bytes a pixel of a JPEG
 * in several scans, at most 8 of a PNG.
 *
 * <p>For one thread at a time; open one per thread. Results do not depend on what was decoded
 * before.
 */
public interface ImageDecoder extends AutoCloseable {

  /** What decodes JPEG files, for a person: one line. */
  String description();

  /**
   * Decodes the part of an image that a framing asks for.
   *
   * <p>A file that ends early is refused whichever part is asked for. Damaged pixels are decoded as
   * far as they go, and complained about if they lie in the rows up to those asked for.
   *
   * @param header of the same file, by {@link ImageHeader#read}
   * @param framing its crop within the upright image
   * @param into at least {@link Framing#bytes} bytes; gets [window height, window width, 3], red
   *     first
   * @return one line on damage that did not keep the image from being decoded, nothing for a sound
   *     one
   * @throws DataException if the file cannot be decoded; the message does not name it
   * @throws IllegalArgumentException if the crop is outside the image or {@code into} too short
   */
  Optional<String> decode(byte[] file, ImageHeader header, Framing framing, byte[] into);

  /** Gives back all native memory; may be called twice. */
  @Override
  void close();
}
