// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import org.jspecify.annotations.Nullable;

/** Ends a command with one line on standard error and an exit status. */
public final class CliException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final ExitStatus status;

  /**
   * @param message what went wrong, where, and what would be right, on one line
   */
  public CliException(ExitStatus status, String message) {
    this(status, message, null);
  }

  /**
   * @param cause kept for callers in Java; the launcher does not print it
   */
  public CliException(ExitStatus status, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  public ExitStatus status() {
    return status;
  }
}
