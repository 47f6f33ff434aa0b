// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.security.MessageDigest;
import org.randwire.data.augment.Augmentation;
import org.randwire.random.RandomStreams;

/**
 * Labelled images that a network sees at one size: pixels of that size ({@link PixelDataset}), or
 * pictures that are decoded and brought to it. Methods are called by several threads at once and
 * must always give the same answer.
 */
public interface Dataset {
  /** A short name for messages, for example {@code cifar10/train}. */
  String name();

  /** Number of examples, at least 1. */
  int size();

  /** Number of classes; labels are in [0, classes). */
  int classes();

  int channels();

  /** Height at which a network sees the images. */
  int height();

  /** Width at which a network sees the images. */
  int width();

  /** Mean and standard deviation of each channel. */
  Normalization normalization();

  /** The class of an example in [0, size). */
  int label(int example);

  /**
   * How many of the examples may be unreadable, as a share of all in [0, 1): so many are replaced
   * and counted, one more ends the work. 0 where the first must end it.
   */
  default double unreadableShare() {
    return 0;
  }

  /**
   * Feeds a digest with what tells an example from another: its label, and its pixels or the name
   * of its file.
   */
  void identify(int example, MessageDigest digest);

  /**
   * Makes what prepares single examples; each thread has one of its own.
   *
   * @throws IllegalArgumentException if this kind of data cannot be augmented so
   */
  ExampleWriter writer(Augmentation augmentation, RandomStreams streams, BatchLayout layout);
}
