// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.simple.RandomSource;

/**
 * The random stream of the generators: Philox 4x64-10 (Salmon et al. 2011) with the key (seed,
 * purpose) and the counter starting at 0, as {@code numpy.random.Philox(key=[seed, purpose])}.
 *
 * <p>Only the raw 64-bit words are taken from the library. Bounded and unit draws are defined here,
 * so that an update of the library cannot change a graph.
 */
final class GraphStream {
  private static final long PURPOSE = 0x6772_6170_68L; // "graph"
  private static final double UNIT = 0x1.0p-53;

  private final UniformRandomProvider words;

  GraphStream(long seed) {
    words = RandomSource.PHILOX_4X64.create(new long[] {seed, PURPOSE, 0, 0, 0, 0});
  }

  /** A multiple of 2^-53 in [0, 1), from the upper 53 bits of a word. */
  double unit() {
    return (words.nextLong() >>> 11) * UNIT;
  }

  /** Uniform in 0..bound-1, bound at least 1: leading bits of a word, redrawn when too large. */
  int below(int bound) {
    int shift = Long.numberOfLeadingZeros(bound);
    long draw;
    do {
      draw = words.nextLong() >>> shift;
    } while (draw >= bound);
    return (int) draw;
  }

  /** A uniform permutation of 0..size-1 (Fisher-Yates, from the end). */
  int[] permutation(int size) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      order[i] = i;
    }
    for (int i = size - 1; i > 0; i--) {
      int j = below(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}
