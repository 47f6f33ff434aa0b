// SPDX-License-Identifier: Apache-2.0
package org.randwire.export;

import java.nio.file.Path;

/** A file that breaks its own format; the message is one line, {@code file: reason}. */
public final class FormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  FormatException(Path file, String reason) {
    // Reasons quote names found in the file, and those may hold line breaks.
    super(file + ": " + reason.replaceAll("\\p{Cntrl}+", "?"));
  }
}
