// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import org.randwire.statistics.Resampling.Scheme;

/**
 * The Kolmogorov-Smirnov distance of two populations at equal complexity: between the distribution
 * functions weighted by {@link ComplexityWeights}. The paper compares these by eye; the p-values
 * here are for the hypothesis that within every bin of complexity both populations have one
 * distribution of errors.
 *
 * @param gap the distance, where it is and who is ahead there
 * @param permutationP labels permuted within bins: exact for that hypothesis
 * @param bootstrapP models drawn with replacement from the pool of each bin: near it in large bins,
 *     too small where bins hold a handful of models
 * @param draws of each kind
 */
public record NormalizedComparison(Edf.Gap gap, double permutationP, double bootstrapP, int draws) {

  /**
   * Compares two normalised samples.
   *
   * @param first made by {@link Sample#normalised} over the same range and bins as {@code second}
   * @param draws at least 1
   * @throws IllegalArgumentException if the numbers of bins differ, or a sample has weights that
   *     are not those of bins
   */
  public static NormalizedComparison of(Sample first, Sample second, int draws, long seed) {
    Observations.atLeast(1, "draws", draws);
    Edf.Gap gap = first.edf().gap(second.edf());
    Resampling resampling = new Resampling(first, second);
    return new NormalizedComparison(
        gap,
        resampling.pValue(gap.d(), Alternative.TWO_SIDED, Scheme.PERMUTATION, draws, seed),
        resampling.pValue(gap.d(), Alternative.TWO_SIDED, Scheme.BOOTSTRAP, draws, seed),
        draws);
  }
}
