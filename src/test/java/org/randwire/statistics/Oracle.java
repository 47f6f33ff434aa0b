// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.randwire.data.TestData;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reference values made with SciPy 1.17.1 and NumPy 2.4.6, read from the test data folder. */
final class Oracle {

  static final double EXACT = 1e-12;
  static final double P_VALUE = 1e-9;

  private Oracle() {}

  static JsonNode read(String name) {
    return JsonMapper.shared().readTree(TestData.require("stats/" + name).toFile());
  }

  static double[] doubles(JsonNode array) {
    return array.valueStream().mapToDouble(JsonNode::asDouble).toArray();
  }

  /** Equal up to a relative error, and an absolute one below one. */
  static void near(double expected, double actual, double tolerance, String what) {
    assertEquals(expected, actual, tolerance * Math.max(1, Math.abs(expected)), what);
  }

  /** Equal up to a relative error, however small the number. */
  static void nearRelative(double expected, double actual, double tolerance, String what) {
    assertEquals(expected, actual, tolerance * Math.abs(expected), what);
  }
}
