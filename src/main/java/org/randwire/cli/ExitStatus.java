// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

/** How a command ended, as the shell sees it. */
public enum ExitStatus {
  DONE(0),
  /** Bad arguments or configuration; neither data nor device were touched. */
  USAGE(2),
  /** Data or a file is missing, unreadable or corrupt. */
  DATA(3),
  /** A device or its driver is missing or failed. */
  DEVICE(4),
  /** Training diverged. */
  DIVERGED(5),
  /** A defect of ours (EX_SOFTWARE of sysexits.h). */
  INTERNAL(70),
  /** Ended by SIGINT, after a checkpoint. */
  INTERRUPTED(130),
  /** Ended by SIGTERM, after a checkpoint. */
  TERMINATED(143);

  private final int code;

  ExitStatus(int code) {
    this.code = code;
  }

  /** The process's exit status. */
  public int code() {
    return code;
  }
}
