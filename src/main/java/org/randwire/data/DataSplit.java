// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import org.randwire.data.augment.Augmentation;

/**
 * The two halves of a data set and the augmentation its training usually takes.
 *
 * @param train examples to train on
 * @param test examples to evaluate on, of the same shape and classes
 * @param standardAugmentation what {@code augment: standard} means for this data set
 */
public record DataSplit(Dataset train, Dataset test, Augmentation standardAugmentation) {
  public DataSplit {
    if (train.channels() != test.channels()
        || train.height() != test.height()
        || train.width() != test.width()
        || train.classes() != test.classes()) {
      throw new IllegalArgumentException(
          "%s and %s differ in shape or classes".formatted(train.name(), test.name()));
    }
  }
}
