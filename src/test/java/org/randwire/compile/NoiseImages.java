// SPDX-License-Identifier: Apache-2.0
package org.randwire.compile;

import java.util.Random;
import org.randwire.op.Augment;
import org.randwire.tensor.TensorShape;

/** Images of noise; their labels take turns. */
public record NoiseImages(TensorShape shape, int classes, Augment augment) implements ImageSource {

  /** Both data sets of a session. */
  public static Session.Data data(TensorShape image, int classes, int training, int evaluation) {
    Augment augment = new Augment(3, 2, 0.5, 3);
    return new Session.Data(
        new NoiseImages(image.withBatch(training), classes, augment),
        new NoiseImages(image.withBatch(evaluation), classes, new Augment(3, 0, 0, 0)));
  }

  @Override
  public void pixels(int example, byte[] into) {
    new Random(example).nextBytes(into);
  }

  @Override
  public int label(int example) {
    return example % classes;
  }

  @Override
  public float[] values(int channel) {
    float[] values = new float[Augment.PIXEL_VALUES];
    for (int i = 0; i < values.length; i++) {
      values[i] = i / 128f - 1 + channel;
    }
    return values;
  }
}
