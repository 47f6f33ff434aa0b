// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import org.jspecify.annotations.Nullable;
import org.randwire.compile.ImageSource;
import org.randwire.compile.Session;
import org.randwire.data.DataSplit;
import org.randwire.data.PixelDataset;
import org.randwire.data.augment.Augmentation;
import org.randwire.op.Augment;
import org.randwire.random.RandomStreams;
import org.randwire.tensor.TensorShape;

/** A data set as a device may hold it. */
record DatasetImages(PixelDataset data, Augmentation augmentation, RandomStreams streams)
    implements ImageSource {

  /** Both halves of a data set; null where images are not of one size. */
  static Session.@Nullable Data of(
      DataSplit data, Augmentation augmentation, RandomStreams streams) {
    return data.train() instanceof PixelDataset train && data.test() instanceof PixelDataset test
        ? new Session.Data(
            new DatasetImages(train, augmentation, streams),
            new DatasetImages(test, Augmentation.NONE, streams))
        : null;
  }

  @Override
  public TensorShape shape() {
    return new TensorShape(data.size(), data.channels(), data.height(), data.width());
  }

  @Override
  public void pixels(int example, byte[] into) {
    data.pixels(example, into);
  }

  @Override
  public int label(int example) {
    return data.label(example);
  }

  @Override
  public float[] values(int channel) {
    return data.normalization().table(channel);
  }

  @Override
  public Augment augment() {
    return new Augment(
        streams.masterSeed(),
        augmentation.maxShift(),
        augmentation.flipProbability(),
        augmentation.cutout());
  }
}
