// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** No statistic takes a NaN, an infinity or nothing at all. */
class RefusedNumbersTest {

  private static final double[] GOOD = {0.1, 0.2, 0.3};

  private static Map<String, Consumer<double[]>> entries() {
    Map<String, Consumer<double[]>> entries = new LinkedHashMap<>();
    entries.put("Edf", Edf::of);
    entries.put("weighted Edf", v -> Edf.weighted(v, new double[] {0.2, 0.3, 0.5}));
    entries.put("weights of an Edf", v -> Edf.weighted(GOOD, v));
    entries.put("Quantiles", Quantiles::of);
    entries.put("ComplexityWeights", v -> ComplexityWeights.of(v, 0, 1, 1));
    entries.put("KS, first", v -> KolmogorovSmirnov.withDefaults().test(v, GOOD));
    entries.put("KS, second", v -> KolmogorovSmirnov.withDefaults().test(GOOD, v));
    entries.put("KS permutations", v -> KolmogorovSmirnov.withDefaults().permutationP(v, GOOD));
    entries.put("MannWhitney, first", v -> MannWhitney.of(v, GOOD));
    entries.put("MannWhitney, second", v -> MannWhitney.of(GOOD, v));
    entries.put("Correction", v -> Correction.HOLM.of(v));
    entries.put("PointStudy", v -> PointStudy.of(v, 1, 2, 1, 1));
    entries.put("SampleSizeStudy", v -> SampleSizeStudy.of(v, 1, 1, 1));
    entries.put("BestModels, errors", v -> BestModels.of(v, 1));
    entries.put("BestModels, values", v -> BestModels.of(GOOD, 1).range(v));
    entries.put("pearson", v -> Correlation.pearson(v, GOOD));
    entries.put("spearman", v -> Correlation.spearman(GOOD, v));
    return entries;
  }

  static Stream<String> names() {
    return entries().keySet().stream();
  }

  private static String refusal(String entry, double... values) {
    Consumer<double[]> statistic = entries().get(entry);
    return assertThrows(IllegalArgumentException.class, () -> statistic.accept(values), entry)
        .getMessage();
  }

  @ParameterizedTest
  @MethodSource("names")
  void namesTheNumberThatIsNone(String entry) {
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      String message = refusal(entry, 0.5, bad, 0.1);
      assertTrue(message.contains("value 2 of 3 is " + bad), message);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void refusesNothingAtAll(String entry) {
    assertTrue(refusal(entry).contains("there is no value"), entry);
  }

  @Test
  void refusesPlacesThatAreNoNumber() {
    Edf edf = Edf.of(GOOD);
    assertThrows(IllegalArgumentException.class, () -> edf.strict(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> edf.inclusive(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> edf.quantile(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> edf.areaUpTo(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> Quantiles.of(GOOD).at(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> new PowerPlan(Double.NaN, 0.8));
    assertThrows(
        IllegalArgumentException.class, () -> ComplexityWeights.of(GOOD, Double.NaN, 1, 2));
  }

  @Test
  void namesTheEmptyBin() {
    EmptyBinException empty =
        assertThrows(EmptyBinException.class, () -> ComplexityWeights.of(GOOD, 0, 1, 4));
    assertEquals(
        "bin 3 of 4, complexity 0.5 to 0.75, holds none of the 3 models in the range;"
            + " use fewer bins or a narrower range",
        empty.getMessage());
  }

  @Test
  void refusesWeightsThatAreNone() {
    assertThrows(
        IllegalArgumentException.class, () -> Edf.weighted(GOOD, new double[] {0.5, 0.5, 0.5}));
    assertThrows(
        IllegalArgumentException.class, () -> Edf.weighted(GOOD, new double[] {-0.5, 0.5, 1}));
    assertThrows(IllegalArgumentException.class, () -> Edf.weighted(GOOD, new double[] {0.5, 0.5}));
  }

  @Test
  void refusesToResampleWeightsThatAreNotThoseOfBins() {
    Sample odd = Sample.weighted(GOOD, new double[] {0.2, 0.3, 0.5});
    assertThrows(
        IllegalArgumentException.class, () -> NormalizedComparison.of(odd, Sample.of(GOOD), 10, 1));
    Sample bins = Sample.normalised(GOOD, ComplexityWeights.of(GOOD, 0, 1, 1));
    Sample more = Sample.normalised(GOOD, ComplexityWeights.of(new double[] {1, 3, 3}, 0, 4, 2));
    assertThrows(IllegalArgumentException.class, () -> NormalizedComparison.of(bins, more, 10, 1));
  }
}
