// SPDX-License-Identifier: Apache-2.0
package org.randwire.report;

import org.jspecify.annotations.Nullable;

/** Populations that were read but cannot be compared as asked; the message says what to change. */
public final class UnusablePopulationException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UnusablePopulationException(String message) {
    this(message, null);
  }

  UnusablePopulationException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
