// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import org.apache.commons.statistics.inference.AlternativeHypothesis;

/** What a two-sample test looks for. */
public enum Alternative {
  /** The distribution functions differ. */
  TWO_SIDED(AlternativeHypothesis.TWO_SIDED),
  /** The first function lies above the second somewhere: its errors tend to be smaller. */
  GREATER(AlternativeHypothesis.GREATER_THAN),
  /** The first function lies below the second somewhere: its errors tend to be larger. */
  LESS(AlternativeHypothesis.LESS_THAN);

  private final AlternativeHypothesis hypothesis;

  Alternative(AlternativeHypothesis hypothesis) {
    this.hypothesis = hypothesis;
  }

  AlternativeHypothesis hypothesis() {
    return hypothesis;
  }

  /** Whether a difference of the two functions is one that is looked for, of the given size. */
  boolean reached(long difference, long threshold) {
    return switch (this) {
      case TWO_SIDED -> Math.abs(difference) >= threshold;
      case GREATER -> difference >= threshold;
      case LESS -> -difference >= threshold;
    };
  }

  /** The statistic, from the jumps of the difference at every distinct value. */
  double of(double[] steps) {
    double sum = 0;
    double above = 0;
    double below = 0;
    for (double step : steps) {
      sum += step;
      above = Math.max(above, sum);
      below = Math.max(below, -sum);
    }
    return switch (this) {
      case TWO_SIDED -> Math.max(above, below);
      case GREATER -> above;
      case LESS -> below;
    };
  }

  /** The statistic, from the largest distances. */
  double of(Edf.Gap gap) {
    return switch (this) {
      case TWO_SIDED -> gap.d();
      case GREATER -> gap.above();
      case LESS -> gap.below();
    };
  }
}
