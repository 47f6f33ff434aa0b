// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.stream.IntStream;
import org.apache.commons.rng.UniformRandomProvider;

/** Draws without replacement from one array, one after the other. */
final class Draws {

  private final double[] values;
  private final int[] order;
  private final UniformRandomProvider random;

  Draws(double[] values, UniformRandomProvider random) {
    this.values = values;
    this.order = IntStream.range(0, values.length).toArray();
    this.random = random;
  }

  /** {@code count} different places of the array, every set equally likely. */
  int[] places(int count) {
    for (int i = 0; i < count; i++) {
      int j = i + random.nextInt(order.length - i);
      int kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return IntStream.of(order).limit(count).toArray();
  }

  /** The values at {@code count} different places. */
  double[] values(int count) {
    return IntStream.of(places(count)).mapToDouble(i -> values[i]).toArray();
  }
}
