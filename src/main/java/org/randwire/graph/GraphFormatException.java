// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

/** A graph file that cannot be read; the message is one line, {@code file:line: reason}. */
public final class GraphFormatException extends RuntimeException {
  private static final long serialVersionUID = 1;

  GraphFormatException(String file, int line, String reason) {
    super(file + ":" + line + ": " + reason);
  }
}
