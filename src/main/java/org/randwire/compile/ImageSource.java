// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import org.randwire.op.Augment;
import org.randwire.tensor.TensorShape;

/** Labelled 8-bit images of one size, and what becomes of them when they are in a batch. */
public interface ImageSource {

  /** All of them: {@code [examples, C, H, W]}. */
  TensorShape shape();

  /** Copies the pixels of an example, {@code [C, H, W]}. */
  void pixels(int example, byte[] into);

  /** The class of an example. */
  int label(int example);

  /** The value of each of the 256 pixel values of a channel. */
  float[] values(int channel);

  /** How images are changed in every epoch. */
  Augment augment();
}
