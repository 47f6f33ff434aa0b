// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Weights that make the complexity of a set of models uniform over a range, so that two sets can be
 * compared at equal complexity (Radosavovic et al. 2019, section 3.3; the bins are those of the
 * paper's notebooks). The range is cut into bins of equal width, models strictly inside it are
 * kept, and a model of a bin with m models among k bins weighs 1 / (k m). A bin holds its lower
 * edge, not its upper one.
 */
public final class ComplexityWeights {

  private final int models;
  private final double[] edges;
  private final int[] kept;
  private final int[] binOfKept;
  private final int[] histogram;

  private ComplexityWeights(
      int models, double[] edges, int[] kept, int[] binOfKept, int[] histogram) {
    this.models = models;
    this.edges = edges;
    this.kept = kept;
    this.binOfKept = binOfKept;
    this.histogram = histogram;
  }

  /**
   * Weights over a range.
   *
   * @param complexities one per model, finite
   * @param low lower limit of the range, not included
   * @param high upper limit, not included
   * @param bins at least 1
   * @throws EmptyBinException if a bin holds no model
   * @throws IllegalArgumentException if the range or the number of bins makes no sense, or a
   *     complexity is not finite
   */
  public static ComplexityWeights of(double[] complexities, double low, double high, int bins) {
    double[] values = Observations.checked("complexity", complexities);
    Observations.atLeast(1, "the number of bins", bins);
    if (!(low < high) || Double.isInfinite(low) || Double.isInfinite(high)) {
      throw new IllegalArgumentException(
          "a range of complexity goes from a smaller to a larger number, got %s to %s"
              .formatted(low, high));
    }
    double[] edges = edges(low, high, bins);
    int[] kept =
        IntStream.range(0, values.length)
            .filter(i -> values[i] > low && values[i] < high)
            .toArray();
    int[] binOfKept = IntStream.of(kept).map(i -> bin(edges, values[i])).toArray();
    int[] histogram = new int[bins];
    for (int bin : binOfKept) {
      histogram[bin]++;
    }
    for (int bin = 0; bin < bins; bin++) {
      if (histogram[bin] == 0) {
        throw new EmptyBinException(bin, bins, edges[bin], edges[bin + 1], kept.length);
      }
    }
    return new ComplexityWeights(values.length, edges, kept, binOfKept, histogram);
  }

  private static double[] edges(double low, double high, int bins) {
    double width = (high - low) / bins;
    double[] edges = new double[bins + 1];
    Arrays.setAll(edges, i -> i * width + low);
    edges[bins] = high;
    return edges;
  }

  private static int bin(double[] edges, double value) {
    int found = Arrays.binarySearch(edges, value);
    return found >= 0 ? found : -found - 2;
  }

  /** The number of models given, inside the range or not. */
  public int models() {
    return models;
  }

  public int bins() {
    return histogram.length;
  }

  /** The {@code bins + 1} edges, ascending. */
  public double[] edges() {
    return edges.clone();
  }

  /** The indices of the models inside the range, ascending. */
  public int[] kept() {
    return kept.clone();
  }

  /** The bin of each kept model. */
  public int[] binOfKept() {
    return binOfKept.clone();
  }

  /** The number of models in each bin. */
  public int[] histogram() {
    return histogram.clone();
  }

  /** The weight of each kept model; they add up to 1. */
  public double[] weights() {
    return IntStream.of(binOfKept).mapToDouble(this::weightOfBin).toArray();
  }

  /** The weight of a model in a bin. */
  public double weightOfBin(int bin) {
    return 1.0 / ((double) bins() * histogram[bin]);
  }
}
