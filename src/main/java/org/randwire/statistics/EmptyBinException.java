// SPDX-License-Identifier: Apache-2.0
package org.randwire.statistics;

import java.math.BigDecimal;
import java.math.MathContext;

/** A complexity bin without a model; the message names its range and what to do. */
public final class EmptyBinException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final double low;
  private final double high;

  EmptyBinException(int bin, int bins, double low, double high, int kept) {
    super(
        ("bin %d of %d, complexity %s to %s, holds none of the %d models in the range;"
                + " use fewer bins or a narrower range")
            .formatted(bin + 1, bins, plain(low), plain(high), kept));
    this.low = low;
    this.high = high;
  }

  private static String plain(double value) {
    return new BigDecimal(value, new MathContext(6)).stripTrailingZeros().toPlainString();
  }

  /** Lower edge of the empty bin. */
  public double low() {
    return low;
  }

  /** Upper edge of the empty bin. */
  public double high() {
    return high;
  }
}
