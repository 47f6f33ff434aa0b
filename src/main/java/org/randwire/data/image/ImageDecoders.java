// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

/** Opens the fastest decoder that this machine has. */
public final class ImageDecoders {

  private ImageDecoders() {}

  /** Opens a decoder for the calling thread to use and close. */
  public static ImageDecoder open() {
    return new JdkImageDecoder();
  }
}
