// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Data that is missing, damaged or not what it should be; the message is one line for the user. */
public final class DataException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public DataException(String message) {
    super(message);
  }

  public DataException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** An exception that says what was expected at a place and what was found. */
  public static DataException mismatch(Path place, String expected, String found) {
    return new DataException(place + ": expected " + expected + ", found " + found);
  }
}
