// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonTextTest {

  @ParameterizedTest
  @CsvSource({
    "1, 1.000",
    "0.0496, 0.050",
    "0.001, 0.001",
    "0.00099, 9.9e-04",
    "2.5e-299, 2.5e-299",
    "1e-310, <1e-300",
    "0, <1e-300",
    "NaN, -"
  })
  void writesAValueThatIsNeverZero(double p, String text) {
    assertEquals(text, ComparisonText.pValue(p));
  }
}
