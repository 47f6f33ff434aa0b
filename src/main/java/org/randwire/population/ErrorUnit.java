// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

/** What the errors of a file are counted in; in records they are always fractions. */
public enum ErrorUnit {
  FRACTION(1),
  PERCENT(100);

  private final double whole;

  ErrorUnit(double whole) {
    this.whole = whole;
  }

  /** The number that stands for every answer being wrong. */
  public double whole() {
    return whole;
  }
}
