// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MedianStoppingTest {

  private static StoredRun run(int member, double... errors) {
    List<EpochRecord> epochs = new ArrayList<>();
    for (int i = 0; i < errors.length; i++) {
      epochs.add(new EpochRecord(i + 1, 0, 0, 0, errors[i]));
    }
    SweepMember drawn = new SweepMember(member, "r", member, 1, 1, 1, 1);
    MemberTraining.Result result =
        new MemberTraining.Result(
            RunState.DONE, null, null, epochs, 1, 0, 0, "", 0, null, List.of(), Map.of());
    return StoredRun.of(drawn, result, 0, List.of());
  }

  @Test
  void theMedianOfEachEpochCountsARunThatFailedAsWrongOnAll() {
    MedianStopping rule = new MedianStopping(4, 2);
    double[] medians =
        rule.medians(
            List.of(
                run(0, 0.5, 0.4, 0.3), run(1, 0.7, 0.2, 0.1), run(2, 0.6, 0.5, 0.2), run(3, 0.9)));
    assertArrayEquals(new double[] {0.65, 0.45, 0.25}, medians, 1e-15);
  }

  @Test
  void stopsAboveTheMedianFromItsEpochOn() {
    MedianStopping rule = new MedianStopping(1, 2);
    double[] medians = {0.5, 0.4, Double.NaN};
    assertFalse(rule.stops(medians, 1, 0.9), "before its epoch");
    assertTrue(rule.stops(medians, 2, 0.41));
    assertFalse(rule.stops(medians, 2, 0.4), "at the median");
    assertFalse(rule.stops(medians, 3, 0.9), "an epoch the pilot did not evaluate");
    assertFalse(rule.stops(medians, 4, 0.9), "an epoch the pilot did not reach");
  }
}
