// SPDX-License-Identifier: Apache-2.0
package org.randwire.random;

import org.apache.commons.rng.UniformRandomProvider;

/**
 * One random stream at a time, keyed by (purpose, a, b) under a master seed; re-keyed in place by
 * {@link #reset} without allocation.
 *
 * <p>Word {@code w} of a stream is word {@code w % 4} of the Philox4x32-10 block with
 *
 * <pre>
 * key     = { low 32 bits of the seed, high 32 bits of the seed }
 * counter = { w / 4, b, low 32 bits of a, (bits 32..55 of a) * 256 + id of the purpose }
 * </pre>
 *
 * so any word can be computed on its own, in any order, on any device. Different (purpose, a, b)
 * give disjoint counters. A stream holds 2^34 words; drawing more throws {@link
 * IllegalStateException}. Not safe for use by several threads.
 */
public final class PhiloxStream implements UniformRandomProvider {
  /** Exclusive bound of the first counter of a stream. */
  public static final long MAX_A = 1L << 56;

  /** Exclusive bound of the second counter of a stream. */
  public static final long MAX_B = 1L << 32;

  private static final long MAX_BLOCKS = 1L << 32;
  private static final long WORD_MASK = 0xFFFFFFFFL;

  private final int key0;
  private final int key1;
  private final int[] block = new int[Philox.WORDS];
  private int counter1;
  private int counter2;
  private int counter3;
  private long nextBlock;
  private int used;
  private boolean hasSpareGaussian;
  private double spareGaussian;

  PhiloxStream(long masterSeed) {
    key0 = (int) masterSeed;
    key1 = (int) (masterSeed >>> 32);
  }

  /**
   * Moves to the first word of the stream (purpose, a, b).
   *
   * @param a first counter, in [0, {@value #MAX_A})
   * @param b second counter, in [0, {@value #MAX_B})
   * @return this stream
   */
  public PhiloxStream reset(Purpose purpose, long a, long b) {
    if (a < 0 || a >= MAX_A || b < 0 || b >= MAX_B) {
      throw new IllegalArgumentException(
          "stream counters must be in [0, 2^56) and [0, 2^32), got %d and %d".formatted(a, b));
    }
    counter1 = (int) b;
    counter2 = (int) a;
    counter3 = (int) (a >>> 32) << 8 | purpose.id();
    nextBlock = 0;
    used = Philox.WORDS;
    hasSpareGaussian = false;
    return this;
  }

  /** The next word: 32 random bits. */
  @Override
  public int nextInt() {
    if (used == Philox.WORDS) {
      fillBlock();
    }
    return block[used++];
  }

  /** The next two words, the first one in the high 32 bits. */
  @Override
  public long nextLong() {
    long high = nextInt();
    return high << 32 | nextInt() & WORD_MASK;
  }

  /**
   * A whole number in [0, n), each with the same probability. Uses one word, and rarely more.
   *
   * <p>Source: Lemire, "Fast random integer generation in an interval" (2019), algorithm 5.
   */
  @Override
  public int nextInt(int n) {
    if (n <= 0) {
      throw new IllegalArgumentException("upper bound must be positive, got " + n);
    }
    long product = (nextInt() & WORD_MASK) * n;
    if ((product & WORD_MASK) < n) {
      long rejected = (1L << 32) % n;
      while ((product & WORD_MASK) < rejected) {
        product = (nextInt() & WORD_MASK) * n;
      }
    }
    return (int) (product >>> 32);
  }

  /** A multiple of 2^-24 in [0, 1), from the high 24 bits of one word. */
  @Override
  public float nextFloat() {
    return (nextInt() >>> 8) * 0x1p-24f;
  }

  /** A multiple of 2^-53 in [0, 1), from the high 53 bits of two words. */
  @Override
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1p-53;
  }

  /**
   * A normal number of mean 0 and standard deviation 1 by the Box-Muller transform: four words give
   * two numbers, the second is kept for the next call.
   */
  public double nextGaussian() {
    if (hasSpareGaussian) {
      hasSpareGaussian = false;
      return spareGaussian;
    }
    // 1 - u is in (0, 1], so the logarithm is finite. StrictMath: the same bits on every machine.
    double radius = Math.sqrt(-2 * StrictMath.log(1 - nextDouble()));
    double angle = 2 * Math.PI * nextDouble();
    spareGaussian = radius * StrictMath.sin(angle);
    hasSpareGaussian = true;
    return radius * StrictMath.cos(angle);
  }

  private void fillBlock() {
    if (nextBlock == MAX_BLOCKS) {
      throw new IllegalStateException("a random stream holds 2^34 words and all are used");
    }
    Philox.block((int) nextBlock, counter1, counter2, counter3, key0, key1, block);
    nextBlock++;
    used = 0;
  }
}
