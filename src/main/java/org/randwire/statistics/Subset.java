// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.stream.IntStream;
import org.randwire.random.PhiloxStream;
import org.randwire.random.Purpose;
import org.randwire.random.RandomStreams;

/** A subset drawn at random, for example the points a plot shows of too many. */
public final class Subset {

  private Subset() {}

  /**
   * Indices below a count in ascending order: all, or as many as asked for, every set of them
   * equally likely.
   */
  public static int[] of(int count, int most, long seed) {
    if (count <= most) {
      return IntStream.range(0, count).toArray();
    }
    PhiloxStream random = new RandomStreams(seed).stream(Purpose.RESAMPLING, 0, 8);
    int[] chosen = new int[most];
    int taken = 0;
    for (int i = 0; taken < most; i++) {
      if (random.nextInt(count - i) < most - taken) {
        chosen[taken++] = i;
      }
    }
    return chosen;
  }
}
