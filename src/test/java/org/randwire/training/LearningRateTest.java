// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LearningRateTest {

  @ParameterizedTest
  @CsvSource({"0, 0.1", "25, 0.0853553390593274", "50, 0.05", "75, 0.0146446609406726", "100, 0"})
  void cosineFallsFromTheBaseToZero(double epoch, double rate) {
    assertEquals(rate, new LearningRate.Cosine(0.1, 0).at(epoch, 100), 1e-15);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "2.5, 0.05", "5, 0.1", "52.5, 0.05", "100, 0"})
  void warmUpIsLinearAndTheCosineTakesTheRest(double epoch, double rate) {
    assertEquals(rate, new LearningRate.Cosine(0.1, 5).at(epoch, 100), 1e-15);
  }

  @ParameterizedTest
  @CsvSource({"0, 0.1", "29.999, 0.1", "30, 0.01", "59.5, 0.01", "60, 0.001", "99, 0.001"})
  void stepFallsAtItsMilestones(double epoch, double rate) {
    var step = new LearningRate.Step(0.1, 0, List.of(30, 60), 0.1);
    assertEquals(rate, step.at(epoch, 100), 1e-15);
  }

  @Test
  void constantStaysAfterItsWarmUp() {
    var constant = new LearningRate.Constant(0.2, 0.5);
    assertEquals(0.1, constant.at(0.25, 10), 1e-15);
    assertEquals(0.2, constant.at(0.5, 10));
    assertEquals(0.2, constant.at(9.9, 10));
  }

  @Test
  void cosineNeverRises() {
    var cosine = new LearningRate.Cosine(0.1, 0);
    for (int i = 1; i <= 1000; i++) {
      assertTrue(cosine.at(i / 10.0, 100) <= cosine.at((i - 1) / 10.0, 100), "epoch " + i / 10.0);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void refusesBasesThatAreNoRate(double base) {
    assertThrows(IllegalArgumentException.class, () -> new LearningRate.Cosine(base, 0));
    assertThrows(IllegalArgumentException.class, () -> new LearningRate.Constant(base, 0));
  }
}
