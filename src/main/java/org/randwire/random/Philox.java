// SPDX-License-Identifier: Apache-2.0
package org.randwire.random;

/**
 * The Philox4x32-10 bijection: 128 bits of counter and 64 bits of key to 128 random bits.
 *
 * <p>Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011),
 * section 3.3; the constants are those of the Random123 library, whose known answers the tests
 * check.
 */
final class Philox {
  /** Words of one block. */
  static final int WORDS = 4;

  private static final int ROUNDS = 10;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final long WORD_MASK = 0xFFFFFFFFL;

  private Philox() {}

  /** Writes the block of counter words {@code c0..c3} under key {@code k0, k1} into {@code out}. */
  static void block(int c0, int c1, int c2, int c3, int k0, int k1, int[] out) {
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = MULTIPLIER_0 * (c0 & WORD_MASK);
      long product1 = MULTIPLIER_1 * (c2 & WORD_MASK);
      c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
      c1 = (int) product1;
      c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
      c3 = (int) product0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }
}
