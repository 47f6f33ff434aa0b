// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli;

import java.io.PrintStream;
import java.util.function.Supplier;

/** A line on standard error that is redrawn in place; nothing where that cannot be done. */
final class StatusLine implements AutoCloseable {
  private static final long REDRAW_NANOS = 100_000_000;

  private final PrintStream out;
  private final boolean interactive;
  private long drawnAt;
  private int drawnWidth;

  private StatusLine(PrintStream out, boolean interactive) {
    this.out = out;
    this.interactive = interactive;
  }

  static StatusLine onStandardError() {
    return new StatusLine(System.err, Terminal.ofStandardError().interactive());
  }

  /**
   * Shows a line in place of the one before, at most ten times a second.
   *
   * @param last whether it is shown however soon it comes
   */
  void show(boolean last, Supplier<String> line) {
    long now = System.nanoTime();
    if (interactive && (last || now - drawnAt >= REDRAW_NANOS)) {
      String text = line.get();
      out.print("\r" + text + " ".repeat(Math.max(0, drawnWidth - text.length())));
      out.flush();
      drawnAt = now;
      drawnWidth = text.length();
    }
  }

  /** Removes the line. */
  @Override
  public void close() {
    if (drawnWidth > 0) {
      out.print("\r" + " ".repeat(drawnWidth) + "\r");
      out.flush();
    }
  }
}
