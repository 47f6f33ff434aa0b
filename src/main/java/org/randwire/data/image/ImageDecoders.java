// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.image;

/** Opens the faster of the decoders that this machine has; both give the same but for 2 levels. */
public final class ImageDecoders {

  private ImageDecoders() {}

  /** Opens a decoder for the calling thread to use and close. */
  public static ImageDecoder open() {
    return TurboImageDecoder.absence().isEmpty() ? new TurboImageDecoder() : new JdkImageDecoder();
  }

  /** What {@link #open} decodes JPEG files with, and why with nothing faster: one line. */
  public static String description() {
    try (ImageDecoder decoder = open()) {
      return decoder.description()
          + TurboImageDecoder.absence()
              .map(reason -> "; libjpeg-turbo is not used: " + reason)
              .orElse("");
    }
  }
}
