// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

/**
 * Labelled 8-bit images of one size. Methods are called by several threads at once and must always
 * give the same answer.
 */
public interface Dataset {
  /** A short name for messages, for example {@code cifar10/train}. */
  String name();

  /** Number of examples, at least 1. */
  int size();

  /** Number of classes; labels are in [0, classes). */
  int classes();

  int channels();

  int height();

  int width();

  /** Mean and standard deviation of each channel. */
  Normalization normalization();

  /** The class of an example in [0, size). */
  int label(int example);

  /**
   * Copies the pixels of an example in [0, size) into the array, in [C, H, W] order, as unsigned
   * bytes.
   *
   * @param into of {@link #pixelCount} bytes
   * @throws DataException if the example cannot be read
   */
  void pixels(int example, byte[] into);

  /** Bytes of one example: channels * height * width. */
  default int pixelCount() {
    return channels() * height() * width();
  }
}
