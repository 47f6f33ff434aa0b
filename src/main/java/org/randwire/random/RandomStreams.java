// SPDX-License-Identifier: Apache-2.0
package org.randwire.random;

/**
 * The random streams of one master seed. A stream depends on nothing but the seed, its purpose and
 * its two counters, so the same seed gives the same numbers for any number of threads, any order of
 * use and any interruption.
 *
 * @param masterSeed any value
 */
public record RandomStreams(long masterSeed) {
  /**
   * A new stream at its first word.
   *
   * @param a first counter, for example the epoch, in [0, 2^56)
   * @param b second counter, for example the example's index, in [0, 2^32)
   * @throws IllegalArgumentException if a counter is out of range
   */
  public PhiloxStream stream(Purpose purpose, long a, long b) {
    return new PhiloxStream(masterSeed).reset(purpose, a, b);
  }

  /**
   * The order in which an epoch visits its examples: a permutation of 0..size-1, each equally
   * likely, by Fisher-Yates from the stream ({@link Purpose#ORDER}, epoch, 0).
   *
   * @param size number of examples, at least 0
   * @param epoch in [0, 2^56)
   */
  public int[] permutation(int size, long epoch) {
    if (size < 0) {
      throw new IllegalArgumentException("a permutation needs a size of at least 0, got " + size);
    }
    PhiloxStream random = stream(Purpose.ORDER, epoch, 0);
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
