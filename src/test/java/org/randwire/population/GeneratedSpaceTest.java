// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.randwire.population.GeneratedSpace.Size;

class GeneratedSpaceTest {

  static List<GeneratedSpace> spaces() {
    return GeneratedSpace.ofThePaper();
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void errorsFollowTheTruth(GeneratedSpace space) {
    int count = 4000;
    Population population = space.population(count, 3);
    double[] errors = population.errors();
    double[] params = population.complexities(Complexity.PARAMS);
    double[] flops = population.complexities(Complexity.FLOPS);
    // Every error through its own distribution function: uniform, if that is the truth.
    double[] uniform = new double[count];
    Arrays.setAll(uniform, i -> space.chanceBelow(errors[i], new Size(params[i], flops[i])));
    Arrays.sort(uniform);
    double d = 0;
    for (int i = 0; i < count; i++) {
      d = Math.max(d, Math.max(uniform[i] - i / (double) count, (i + 1.0) / count - uniform[i]));
    }
    // 1.95 / sqrt(n) is exceeded with probability 0.001.
    assertTrue(d < 1.95 / Math.sqrt(count), space.name() + ": D " + d);
    double[] logs = Arrays.stream(params).map(Math::log10).toArray();
    double mean = Arrays.stream(logs).average().orElseThrow();
    assertEquals(space.logParams(), mean, 4 * space.logParamsDeviation() / Math.sqrt(count));
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void aNetworkDependsOnItsIndexAlone(GeneratedSpace space) {
    double[] few = space.population(10, 5).errors();
    assertArrayEquals(few, Arrays.copyOf(space.population(50, 5).errors(), 10));
    double[] same = space.population(10, 5, i -> new Size(1e6, 1e8)).errors();
    assertTrue(Arrays.stream(same).distinct().count() == 10);
  }
}
