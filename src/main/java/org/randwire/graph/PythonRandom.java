// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.simple.RandomSource;

/** The stream of CPython's {@code random.Random(seed)} (3.2 and later) for an integer seed. */
final class PythonRandom {
  private final UniformRandomProvider words;

  /** The key is the absolute value of the seed in 32-bit words, lowest first. */
  PythonRandom(long seed) {
    long key = Math.abs(seed); // the smallest long stays, and as unsigned it is right
    int low = (int) key;
    int high = (int) (key >>> 32);
    words = RandomSource.MT.create(high == 0 ? new int[] {low} : new int[] {low, high});
  }

  /** {@code random()}: 53 bits from two words. */
  double random() {
    long high = words.nextInt() >>> 5;
    long low = words.nextInt() >>> 6;
    return (high * 0x1.0p26 + low) * 0x1.0p-53;
  }

  /** The index that {@code choice} takes from a sequence of the given length, at least 1. */
  int choice(int length) {
    int shift = Integer.numberOfLeadingZeros(length);
    int draw;
    do {
      draw = words.nextInt() >>> shift;
    } while (draw >= length);
    return draw;
  }
}
