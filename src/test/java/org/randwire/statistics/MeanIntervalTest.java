// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Means of few values and Kendall's correlation, against SciPy 1.17. */
class MeanIntervalTest {

  @Test
  void intervalAndPAreStudents() {
    MeanInterval five = MeanInterval.of(new double[] {0.31, 0.52, 0.18, 0.44, 0.29}, 0.95);
    assertEquals(0.348, five.mean(), 1e-12);
    assertEquals(0.133304163476, five.deviation(), 1e-9);
    assertEquals(0.182481019401, five.low(), 1e-9);
    assertEquals(0.513518980599, five.high(), 1e-9);
    assertEquals(0.00429282608997, five.p(), 1e-9);
  }

  @Test
  void oneValueSaysNothing() {
    MeanInterval one = MeanInterval.of(new double[] {7}, 0.95);
    assertEquals(7, one.mean());
    assertEquals(1, one.p());
    assertTrue(one.low() == Double.NEGATIVE_INFINITY && one.high() == Double.POSITIVE_INFINITY);
  }

  @Test
  void equalValuesHaveNoWidth() {
    MeanInterval same = MeanInterval.of(new double[] {2, 2, 2}, 0.95);
    assertEquals(2, same.low());
    assertEquals(2, same.high());
    assertEquals(0, same.p(), 1e-100);
    assertEquals(1, MeanInterval.of(new double[] {0, 0, 0}, 0.95).p());
  }

  @Test
  void kendallTakesTiesOut() {
    Correlation tied =
        Correlation.kendall(
            new double[] {1, 2, 2, 3, 5, 8, 8, 8, 9, 4},
            new double[] {2, 1, 4, 4, 6, 7, 9, 9, 3, 5});
    assertEquals(0.571590609875, tied.coefficient(), 1e-9);
    assertEquals(0.0274814970627, tied.p(), 1e-9);
    Correlation plain =
        Correlation.kendall(new double[] {3, 1, 2, 5, 4}, new double[] {1, 2, 3, 4, 5});
    assertEquals(0.4, plain.coefficient(), 1e-12);
    assertEquals(0.32718687779, plain.p(), 1e-9);
    assertThrows(
        IllegalArgumentException.class,
        () -> Correlation.kendall(new double[] {1, 1, 1}, new double[] {1, 2, 3}));
  }

  @Test
  void fewPairsHaveAnExactP() {
    double[] four = {1, 2, 3, 4};
    assertEquals(2.0 / 24, Correlation.spearmanExact(four, new double[] {5, 6, 7, 8}).p(), 1e-12);
    assertEquals(2.0 / 24, Correlation.spearmanExact(four, new double[] {9, 6, 5, 1}).p(), 1e-12);
    assertEquals(1, Correlation.spearmanExact(four, new double[] {2, 4, 1, 3}).p(), 1e-12);
    assertEquals(
        1.0 / 3,
        Correlation.spearmanExact(new double[] {1, 2, 3}, new double[] {1, 2, 3}).p(),
        1e-12);
    double[] many = {3, 1, 2, 5, 4, 9, 8, 7, 6, 10};
    double[] others = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    assertEquals(Correlation.spearman(many, others), Correlation.spearmanExact(many, others));
  }
}
