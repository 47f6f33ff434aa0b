// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import org.jspecify.annotations.Nullable;
import org.randwire.population.Complexity;
import org.randwire.statistics.Correction;

/**
 * How populations are to be compared.
 *
 * @param normalisation by which measure of complexity, and over which bins
 * @param alpha level of the tests over all pairs, in (0, 1)
 * @param correction for the number of pairs
 * @param draws bootstrap draws of every band and permutations of every resampled p-value
 * @param confidence of bands
 * @param seed of everything drawn
 */
public record ComparisonSettings(
    Normalisation normalisation,
    double alpha,
    Correction correction,
    int draws,
    double confidence,
    long seed) {

  /** Bins where none are asked for, unless one of them would be empty. */
  public static final int USUAL_BINS = 10;

  /** By what populations are made comparable. */
  public enum Mode {
    /** By the first measure every population has, if its bins can be filled; else not at all. */
    AUTOMATIC,
    NONE,
    /** By the measure asked for; an empty bin is an error. */
    ASKED
  }

  /**
   * The measure, range and bins of a normalisation.
   *
   * @param mode whether to normalise
   * @param measure asked for; null unless asked
   * @param bins 0 for the usual number
   * @param low lower limit; NaN for the largest of the populations' 2.5 % quantiles
   * @param high upper limit; NaN for the smallest of their 95 % quantiles
   */
  public record Normalisation(
      Mode mode, @Nullable Complexity measure, int bins, double low, double high) {

    public static final Normalisation AUTOMATIC =
        new Normalisation(Mode.AUTOMATIC, null, 0, Double.NaN, Double.NaN);
    public static final Normalisation NONE =
        new Normalisation(Mode.NONE, null, 0, Double.NaN, Double.NaN);

    public static Normalisation by(Complexity measure, int bins, double low, double high) {
      return new Normalisation(Mode.ASKED, measure, bins, low, high);
    }
  }

  /** 5 %, Holm, 1,000 draws, 95 % bands, seed 1, normalised where the data allow it. */
  public static final ComparisonSettings USUAL =
      new ComparisonSettings(Normalisation.AUTOMATIC, 0.05, Correction.HOLM, 1000, 0.95, 1);
}
