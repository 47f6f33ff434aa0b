// SPDX-License-Identifier: Apache-2.0
package org.randwire.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhiloxTest {
  /** The lines "philox4x32 10" of kat_vectors in the Random123 library. */
  @ParameterizedTest
  @CsvSource({
    "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1"
  })
  void givesThePublishedKnownAnswers(String counter, String key, String answer) {
    int[] c = words(counter);
    int[] k = words(key);
    int[] out = new int[Philox.WORDS];

    Philox.block(c[0], c[1], c[2], c[3], k[0], k[1], out);

    assertArrayEquals(words(answer), out);
  }

  private static int[] words(String hex) {
    return Stream.of(hex.split(" ")).mapToInt(word -> Integer.parseUnsignedInt(word, 16)).toArray();
  }
}
