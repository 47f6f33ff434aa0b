// SPDX-License-Identifier: Apache-2.0
package org.randwire.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class EvaluationTest {

  private static final double NAN = Double.NaN;

  private static Evaluation.Tally tally(int label, double... logits) {
    Evaluation.Tally tally = new Evaluation.Tally();
    tally.add(logits, new int[] {label}, 1, logits.length);
    return tally;
  }

  private static void assertErrors(double top1, double top5, Evaluation.Tally tally) {
    assertEquals(top1, tally.top1Error(), "top 1");
    assertEquals(top5, tally.top5Error(), "top 5");
  }

  @Test
  void theLargestLogitIsTheAnswer() {
    assertErrors(0, 0, tally(1, 0, 3, 2, 1, -1, -2));
    assertErrors(1, 0, tally(2, 0, 3, 2, 1, -1, -2));
    assertErrors(1, 1, tally(5, 0, 3, 2, 1, -1, -2));
  }

  @Test
  void tiesCountAgainstTheLabel() {
    assertErrors(1, 0, tally(1, 3, 3, 2, 1, -1, -2));
    assertErrors(1, 1, tally(0, 0, 0, 0, 0, 0, 0));
    assertErrors(1, 1, tally(0, 1, 1, 1, 1, 1, 1, -9));
    assertErrors(1, 0, tally(0, 1, 1, 1, 1, 1, -9, -9));
  }

  @Test
  void notANumberIsNeverRight() {
    assertErrors(1, 1, tally(0, NAN, 1, 2, 3, 4, 5));
    assertErrors(1, 1, tally(0, NAN, NAN, NAN, NAN, NAN, NAN));
    assertErrors(1, 1, tally(0, NAN, 1));
    assertErrors(1, 0, tally(0, 9, NAN, 0, 0, 0, 0));
    assertErrors(1, 1, tally(0, 9, NAN, NAN, NAN, NAN, NAN));
  }

  @Test
  void countsOnlyTheExamplesOfTheBatch() {
    Evaluation.Tally tally = new Evaluation.Tally();
    tally.add(new double[] {1, 0, 0, 1, 0, 1}, new int[] {0, 0, 1}, 2, 2);
    assertEquals(0.5, tally.top1Error());
    assertArrayEquals(new long[] {2, 1, 2}, tally.toArray());
  }

  @Test
  void goesOnFromItsCounts() {
    Evaluation.Tally tally = new Evaluation.Tally();
    tally.set(new long[] {9, 6, 8});
    tally.add(new double[] {1, 0}, new int[] {0}, 1, 2);
    assertArrayEquals(new long[] {10, 7, 9}, tally.toArray());
    tally.clear();
    assertTrue(tally.isEmpty());
  }
}
