// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

/** Adjusts p-values for the number of tests made; a test is significant if at most alpha. */
public enum Correction {
  /** Holm (1979): the chance of even one false rejection stays below alpha. */
  HOLM {
    @Override
    void adjust(double[] p, int[] order, double[] adjusted) {
      double largest = 0;
      for (int rank = 0; rank < p.length; rank++) {
        largest = Math.max(largest, (p.length - rank) * p[order[rank]]);
        adjusted[order[rank]] = Math.min(1, largest);
      }
    }
  },
  /** Benjamini and Hochberg (1995): the expected share of false rejections stays below alpha. */
  BH {
    @Override
    void adjust(double[] p, int[] order, double[] adjusted) {
      double smallest = 1;
      for (int rank = p.length - 1; rank >= 0; rank--) {
        smallest = Math.min(smallest, p[order[rank]] * p.length / (rank + 1));
        adjusted[order[rank]] = smallest;
      }
    }
  };

  abstract void adjust(double[] p, int[] order, double[] adjusted);

  /**
   * The adjusted p-values, in the order given.
   *
   * @throws IllegalArgumentException if there is none or one is outside [0, 1]
   */
  public double[] of(double... pValues) {
    double[] p = Observations.checked("p-values", pValues);
    for (double value : p) {
      if (!(value >= 0 && value <= 1)) {
        throw new IllegalArgumentException("a p-value is in [0, 1], got " + value);
      }
    }
    int[] order = Observations.order(p);
    double[] adjusted = new double[p.length];
    adjust(p, order, adjusted);
    return adjusted;
  }

  /** The name in options and reports. */
  public String label() {
    return this == HOLM ? "Holm" : "Benjamini-Hochberg";
  }
}
