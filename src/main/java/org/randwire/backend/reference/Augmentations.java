// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend.reference;

import org.randwire.backend.reference.ReferenceKernel.Operands;
import org.randwire.op.Augment;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/** Batches out of a data set in memory. */
final class Augmentations {
  private Augmentations() {}

  static void augment(Augment op, Operands t) {
    Tensor labels = t.out(1);
    PhiloxStream random = new RandomStreams(op.seed()).stream(Purpose.AUGMENTATION, 0, 0);
    long epoch = (long) word(t.in(3), 1) << 32 | word(t.in(3), 0) & 0xFFFFFFFFL;
    for (int n = 0; n < labels.size(); n++) {
      int example = word(t.in(3), Augment.EPOCH_WORDS + n);
      if (example == Augment.NO_EXAMPLE) {
        labels.set(n, 0);
        zero(t.out(0), n);
      } else {
        labels.set(n, t.in(1).get(example));
        random.reset(Purpose.AUGMENTATION, epoch, example);
        image(op, random, t, example, n);
      }
    }
  }

  private static int word(Tensor integers, int index) {
    return (int) integers.get(index);
  }

  private static void zero(Tensor images, int n) {
    int first = images.plane(n, 0);
    for (int i = 0; i < images.channels() * images.pixels(); i++) {
      images.set(first + i, 0);
    }
  }

  private static void image(Augment op, PhiloxStream random, Operands t, int example, int n) {
    Tensor pixels = t.in(0);
    int height = pixels.height();
    int width = pixels.width();
    int shifts = 2 * op.maxShift() + 1;
    int down = random.nextInt(shifts) - op.maxShift();
    int right = random.nextInt(shifts) - op.maxShift();
    boolean flipped = random.nextFloat() < op.flipProbability();
    int top = op.cutout() == 0 ? 0 : random.nextInt(height) - op.cutout() / 2;
    int left = op.cutout() == 0 ? 0 : random.nextInt(width) - op.cutout() / 2;
    for (int c = 0; c < pixels.channels(); c++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          int fromY = y + down;
          int fromX = (flipped ? width - 1 - x : x) + right;
          boolean inHole = y >= top && y < top + op.cutout() && x >= left && x < left + op.cutout();
          boolean inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
          double value = 0;
          if (inside && !inHole) {
            int pixel = (int) pixels.get(pixels.plane(example, c) + fromY * width + fromX);
            value = t.in(2).get(t.in(2).plane(0, c) + pixel);
          }
          t.out(0).set(t.out(0).plane(n, c) + y * width + x, value);
        }
      }
    }
  }
}
